//! A scene as an SVG file.

use std::fmt::Write as _;

use super::scene::{Anchor, Colour, Scene, Shape};

impl Scene {
    /// The scene as an SVG file.
    pub fn to_svg(&self) -> String {
        write(self)
    }
}

/// Writes the file.
fn write(scene: &Scene) -> String {
    let (width, height) = (number(scene.width), number(scene.height));
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" role=\"img\">\n\
         <title>{}</title>\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n",
        escaped(&scene.description)
    );
    for shape in &scene.shapes {
        let _ = writeln!(svg, "{}", element(shape));
    }
    svg.push_str("</svg>\n");
    svg
}

fn element(shape: &Shape) -> String {
    match shape {
        Shape::Line {
            points,
            colour,
            width,
            is_dashed,
        } => {
            let points: Vec<String> = points.iter().map(|&[x, y]| pair(x, y)).collect();
            let dashes = if *is_dashed {
                " stroke-dasharray=\"5 4\""
            } else {
                ""
            };
            format!(
                "<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"{}\"{dashes}/>",
                points.join(" "),
                hex(*colour),
                number(*width)
            )
        }
        Shape::Disc {
            centre: [x, y],
            radius,
            colour,
        } => format!(
            "<circle cx=\"{}\" cy=\"{}\" r=\"{}\" fill=\"{}\" fill-opacity=\"0.8\"/>",
            number(*x),
            number(*y),
            number(*radius),
            hex(*colour)
        ),
        Shape::Text {
            at: [x, y],
            anchor,
            size,
            is_upright,
            text,
        } => {
            let (x, y) = (number(*x), number(*y));
            let anchor = match anchor {
                Anchor::Start => "start",
                Anchor::Middle => "middle",
                Anchor::End => "end",
            };
            let turn = if *is_upright {
                format!(" transform=\"rotate(-90 {x} {y})\"")
            } else {
                String::new()
            };
            format!(
                "<text x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\" font-size=\"{}\" fill=\"{}\"{turn}>{}</text>",
                number(*size),
                hex(Colour::INK),
                escaped(text)
            )
        }
    }
}

fn pair(x: f64, y: f64) -> String {
    format!("{},{}", number(x), number(y))
}

/// Two decimals at most: a hundredth of a point is not seen.
fn number(value: f64) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" {
        "0".to_owned()
    } else {
        text.to_owned()
    }
}

fn hex(Colour(red, green, blue): Colour) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
