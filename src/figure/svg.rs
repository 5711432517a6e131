//! A scene as an SVG file.

use std::fmt::Write as _;

use super::letters::FONTS;
use super::scene::{Anchor, Colour, Dash, Glyph, Scene, Shape};
use crate::text;

/// Millimetres of a point.
const MM: f64 = 25.4 / 72.0;

impl Scene {
    /// The scene as an SVG file, as large on paper as it is laid out. Words stay words; the same scene gives the same bytes.
    pub fn to_svg(&self) -> String {
        let (width, height) = (number(self.width), number(self.height));
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}mm\" height=\"{}mm\" \
             viewBox=\"0 0 {width} {height}\" font-family=\"{FONTS}\" role=\"img\">\n\
             <title>{}</title>\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n",
            number(self.width * MM),
            number(self.height * MM),
            escaped(&self.description)
        );
        for shape in &self.shapes {
            let _ = writeln!(svg, "{}", element(shape));
        }
        svg.push_str("</svg>\n");
        svg
    }
}

fn element(shape: &Shape) -> String {
    match shape {
        Shape::Line {
            points,
            colour,
            width,
            dash,
        } => {
            let dashes = match dash {
                Dash::Solid => "",
                Dash::Dashed => " stroke-dasharray=\"3 2\"",
                Dash::Dotted => " stroke-dasharray=\"0.8 1.6\"",
            };
            format!(
                "<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"{}\" stroke-linejoin=\"round\"{dashes}/>",
                pairs(points),
                hex(*colour),
                number(*width)
            )
        }
        Shape::Area { points, colour } => format!(
            "<polygon points=\"{}\" fill=\"{}\" fill-opacity=\"0.22\"/>",
            pairs(points),
            hex(*colour)
        ),
        Shape::Rectangle {
            corner: [x, y],
            size: [width, height],
            colour,
        } => format!(
            "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{}\" shape-rendering=\"crispEdges\"/>",
            number(*x),
            number(*y),
            number(*width),
            number(*height),
            hex(*colour)
        ),
        Shape::Marker {
            centre,
            glyph,
            radius,
            colour,
            is_filled,
        } => marker(*centre, *glyph, *radius, *colour, *is_filled),
        Shape::Text {
            at,
            anchor,
            size,
            is_upright,
            is_bold,
            text,
        } => {
            let (x, y) = (number(at[0]), number(at[1]));
            let anchor = match anchor {
                Anchor::Start => "start",
                Anchor::Middle => "middle",
                Anchor::End => "end",
            };
            let weight = if *is_bold {
                " font-weight=\"bold\""
            } else {
                ""
            };
            let turn = if *is_upright {
                format!(" transform=\"rotate(-90 {x} {y})\"")
            } else {
                String::new()
            };
            format!(
                "<text x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\" font-size=\"{}\" fill=\"{}\"{weight}{turn}>{}</text>",
                number(*size),
                hex(Colour::INK),
                escaped(text)
            )
        }
    }
}

fn marker(centre: [f64; 2], glyph: Glyph, radius: f64, colour: Colour, is_filled: bool) -> String {
    let style = if is_filled {
        format!("fill=\"{}\"", hex(colour))
    } else {
        format!(
            "fill=\"white\" stroke=\"{}\" stroke-width=\"0.8\"",
            hex(colour)
        )
    };
    // Each is about as large as a disc of that radius.
    let corners: &[[f64; 2]] = match glyph {
        Glyph::Disc => {
            let [x, y] = centre.map(number);
            return format!(
                "<circle cx=\"{x}\" cy=\"{y}\" r=\"{}\" {style}/>",
                number(radius)
            );
        }
        Glyph::Plus | Glyph::Cross => return strokes(centre, glyph, radius, colour),
        Glyph::Square => &[[-0.9, -0.9], [0.9, -0.9], [0.9, 0.9], [-0.9, 0.9]],
        Glyph::Triangle => &[[0.0, -1.25], [1.1, 0.75], [-1.1, 0.75]],
        Glyph::Diamond => &[[0.0, -1.3], [1.3, 0.0], [0.0, 1.3], [-1.3, 0.0]],
        Glyph::Funnel => &[[0.0, 1.25], [1.1, -0.75], [-1.1, -0.75]],
    };
    let points: Vec<[f64; 2]> = corners
        .iter()
        .map(|corner| [0, 1].map(|axis| centre[axis] + radius * corner[axis]))
        .collect();
    format!("<polygon points=\"{}\" {style}/>", pairs(&points))
}

/// The markers that are two lines.
fn strokes([x, y]: [f64; 2], glyph: Glyph, radius: f64, colour: Colour) -> String {
    let ends = if glyph == Glyph::Plus {
        [[0.0, 1.15], [1.15, 0.0]]
    } else {
        [[0.9, 0.9], [0.9, -0.9]]
    };
    let line = |[across, down]: [f64; 2]| {
        let at = |sign: f64| pair([x + sign * radius * across, y + sign * radius * down]);
        format!("M{}L{}", at(-1.0), at(1.0))
    };
    format!(
        "<path d=\"{}{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"1\"/>",
        line(ends[0]),
        line(ends[1]),
        hex(colour)
    )
}

fn pairs(points: &[[f64; 2]]) -> String {
    let points: Vec<String> = points.iter().map(|&point| pair(point)).collect();
    points.join(" ")
}

fn pair([x, y]: [f64; 2]) -> String {
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

fn escaped(words: &str) -> String {
    text::escaped(words)
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_others_stay_words() {
        let scene = Scene {
            width: 72.0,
            height: 36.0,
            description: "a </title><script> & \u{1b}[2J".to_owned(),
            shapes: vec![Shape::words(
                [1.0, 2.0],
                Anchor::End,
                7.0,
                "\u{0}]]>&\"'<\u{ffff}",
            )],
        };
        insta::assert_snapshot!(scene.to_svg());
    }

    #[test]
    fn every_marker_has_its_own_shape() {
        let drawn = Glyph::ALL.map(|glyph| marker([5.0, 5.0], glyph, 2.0, Colour::INK, true));
        for (i, a) in drawn.iter().enumerate() {
            assert!(drawn[..i].iter().all(|b| a != b), "{a}");
        }
    }
}
