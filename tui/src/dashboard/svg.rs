//! A screen as an SVG picture: what is in the cells, with their colours.

use std::fmt::Write as _;

use tui::buffer::{Buffer, Cell};
use tui::style::{Color, Modifier};

use super::theme::Background;

/// Width and height of a cell, and size of its letters, in pixels.
const CELL: (f64, f64) = (8.4, 17.0);
const FONT_SIZE: f64 = 14.0;
/// Height above the lower edge of a cell at which letters stand.
const BASELINE: f64 = 4.5;
/// Empty rim.
const RIM: f64 = 8.0;
/// Radius of a dot of a braille cell.
const DOT: f64 = 0.95;

/// Foreground and background of text without colours of its own.
fn defaults(background: Background) -> (&'static str, &'static str) {
    match background {
        Background::Dark => ("#d8dce2", "#14171c"),
        Background::Light => ("#24292f", "#ffffff"),
    }
}

/// The picture. Braille cells are drawn as dots, so that no font is needed for them.
pub(crate) fn svg(buffer: &Buffer, background: Background, title: &str) -> String {
    let (width, height) = (
        f64::from(buffer.area.width) * CELL.0 + 2.0 * RIM,
        f64::from(buffer.area.height) * CELL.1 + 2.0 * RIM,
    );
    let (ink, paper) = defaults(background);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.1} {height:.1}\" \
         font-family=\"ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace\" font-size=\"{FONT_SIZE}\">\n\
         <title>{}</title>\n<rect width=\"100%\" height=\"100%\" rx=\"6\" fill=\"{paper}\"/>\n",
        escaped(title)
    );
    let colors = |cell: &Cell| {
        let of = |color: Color, default: &str| rgb(color).unwrap_or_else(|| default.to_owned());
        let (fg, bg) = (of(cell.fg, ink), of(cell.bg, paper));
        if cell.modifier.contains(Modifier::REVERSED) {
            (bg, fg)
        } else {
            (fg, bg)
        }
    };
    for row in 0..buffer.area.height {
        let cells: Vec<&Cell> = (0..buffer.area.width)
            .map(|column| &buffer[(buffer.area.x + column, buffer.area.y + row)])
            .collect();
        let top = RIM + f64::from(row) * CELL.1;
        let mut begin = 0;
        while begin < cells.len() {
            let (fg, bg) = colors(cells[begin]);
            let modifier = cells[begin].modifier;
            let is_same = |cell: &&&Cell| {
                colors(cell) == (fg.clone(), bg.clone()) && cell.modifier == modifier
            };
            let count = cells[begin..].iter().take_while(is_same).count();
            let run = &cells[begin..begin + count];
            let left = RIM + begin as f64 * CELL.0;
            if bg != paper {
                let _ = writeln!(
                    svg,
                    "<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"{bg}\"/>",
                    count as f64 * CELL.0,
                    CELL.1
                );
            }
            dots(&mut svg, run, left, top, &fg);
            lines(&mut svg, run, left, top, &fg);
            letters(&mut svg, run, left, top, &fg, modifier);
            begin += count;
        }
    }
    svg.push_str("</svg>\n");
    svg
}

/// The dots of braille cells, as one path.
fn dots(svg: &mut String, run: &[&Cell], left: f64, top: f64, fg: &str) {
    const PLACES: [(f64, f64); 8] = [
        (0.0, 0.0),
        (0.0, 1.0),
        (0.0, 2.0),
        (1.0, 0.0),
        (1.0, 1.0),
        (1.0, 2.0),
        (0.0, 3.0),
        (1.0, 3.0),
    ];
    let mut path = String::new();
    for (at, cell) in run.iter().enumerate() {
        let Some(dots) = braille(cell.symbol()) else {
            continue;
        };
        for (bit, (across, down)) in PLACES.into_iter().enumerate() {
            if dots >> bit & 1 == 1 {
                let x = left + at as f64 * CELL.0 + (across + 0.5) * CELL.0 / 2.0 - DOT;
                let y = top + (down + 0.5) * CELL.1 / 4.0 - DOT;
                let size = 2.0 * DOT;
                let _ = write!(path, "M{x:.1} {y:.1}h{size:.1}v{size:.1}h-{size:.1}z");
            }
        }
    }
    if !path.is_empty() {
        let _ = writeln!(svg, "<path d=\"{path}\" fill=\"{fg}\"/>");
    }
}

/// The lines of frames, drawn through the whole of their cells so that they meet.
fn lines(svg: &mut String, run: &[&Cell], left: f64, top: f64, fg: &str) {
    let mut path = String::new();
    for (at, cell) in run.iter().enumerate() {
        let Some([west, east, north, south]) = arms(cell.symbol()) else {
            continue;
        };
        let x = left + (at as f64 + 0.5) * CELL.0;
        let y = top + CELL.1 / 2.0;
        for (is_there, across, down) in [
            (west, -CELL.0 / 2.0, 0.0),
            (east, CELL.0 / 2.0, 0.0),
            (north, 0.0, -CELL.1 / 2.0),
            (south, 0.0, CELL.1 / 2.0),
        ] {
            if is_there {
                let _ = write!(path, "M{x:.1} {y:.1}l{across:.1} {down:.1}");
            }
        }
    }
    if !path.is_empty() {
        let _ = writeln!(svg, "<path d=\"{path}\" stroke=\"{fg}\" fill=\"none\"/>");
    }
}

/// Where the lines of a cell lead: left, right, up, down.
fn arms(symbol: &str) -> Option<[bool; 4]> {
    Some(match symbol {
        "─" => [true, true, false, false],
        "│" => [false, false, true, true],
        "┌" => [false, true, false, true],
        "┐" => [true, false, false, true],
        "└" => [false, true, true, false],
        "┘" => [true, false, true, false],
        "┴" => [true, true, true, false],
        _ => return None,
    })
}

fn braille(symbol: &str) -> Option<u32> {
    let character = symbol.chars().next()? as u32;
    (0x2801..=0x28ff)
        .contains(&character)
        .then(|| character - 0x2800)
}

/// All else, as text whose letters each have their place.
fn letters(svg: &mut String, run: &[&Cell], left: f64, top: f64, fg: &str, modifier: Modifier) {
    let mut begin = 0;
    while begin < run.len() {
        let is_text =
            |cell: &&&Cell| braille(cell.symbol()).is_none() && arms(cell.symbol()).is_none();
        let count = run[begin..].iter().take_while(is_text).count();
        let text: String = run[begin..begin + count]
            .iter()
            .map(|cell| cell.symbol())
            .collect();
        let trimmed = text.trim_end();
        if !trimmed.trim().is_empty() || modifier.contains(Modifier::UNDERLINED) {
            let skipped = trimmed.chars().take_while(|&c| c == ' ').count();
            let (shown, skipped) = if trimmed.trim().is_empty() {
                (text.as_str(), 0)
            } else {
                (trimmed.trim_start(), skipped)
            };
            let x = left + (begin + skipped) as f64 * CELL.0;
            let width = shown.chars().count() as f64 * CELL.0;
            let weight = if modifier.contains(Modifier::BOLD) {
                " font-weight=\"bold\""
            } else {
                ""
            };
            let line = if modifier.contains(Modifier::UNDERLINED) {
                " text-decoration=\"underline\""
            } else {
                ""
            };
            let _ = writeln!(
                svg,
                "<text x=\"{x:.1}\" y=\"{:.1}\" textLength=\"{width:.1}\" lengthAdjust=\"spacingAndGlyphs\" \
                 xml:space=\"preserve\" fill=\"{fg}\"{weight}{line}>{}</text>",
                top + CELL.1 - BASELINE,
                escaped(shown)
            );
        }
        begin += count.max(1);
    }
}

/// Text within SVG, which is no XML with control characters in it.
fn escaped(text: &str) -> String {
    creode::text::escaped(text)
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// A colour as SVG writes it; none for the default one.
fn rgb(color: Color) -> Option<String> {
    const NAMED: [(Color, &str); 12] = [
        (Color::Black, "#000000"),
        (Color::Red, "#cd3131"),
        (Color::Green, "#0dbc79"),
        (Color::Yellow, "#c8a000"),
        (Color::Blue, "#2472c8"),
        (Color::Magenta, "#bc3fbc"),
        (Color::Cyan, "#11a8cd"),
        (Color::Gray, "#b0b0b0"),
        (Color::DarkGray, "#767676"),
        (Color::LightBlue, "#3b8eea"),
        (Color::LightRed, "#f14c4c"),
        (Color::White, "#ffffff"),
    ];
    match color {
        Color::Rgb(red, green, blue) => Some(format!("#{red:02x}{green:02x}{blue:02x}")),
        Color::Indexed(index) => Some(indexed(index)),
        other => NAMED
            .iter()
            .find(|(named, _)| *named == other)
            .map(|&(_, text)| text.to_owned()),
    }
}

/// A colour of the cube or the greys of 256-colour terminals.
fn indexed(index: u8) -> String {
    let level = |step: u8| if step == 0 { 0 } else { 55 + 40 * step };
    let (red, green, blue) = match index {
        0..16 => return "#808080".into(),
        16..232 => {
            let cube = index - 16;
            (level(cube / 36), level(cube / 6 % 6), level(cube % 6))
        }
        232.. => {
            let grey = 8 + 10 * (index - 232);
            (grey, grey, grey)
        }
    };
    format!("#{red:02x}{green:02x}{blue:02x}")
}

#[cfg(test)]
mod tests {
    use tui::layout::Rect;
    use tui::style::Style;

    use super::*;

    #[test]
    fn text_dots_and_colours_are_in_the_picture() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 8, 2));
        buffer.set_string(0, 0, "a<b&", Style::new().fg(Color::Indexed(166)));
        buffer.set_string(0, 1, "⠁x", Style::new().add_modifier(Modifier::REVERSED));
        let picture = svg(&buffer, Background::Dark, "A > B");
        assert!(picture.contains("<title>A &gt; B</title>"));
        assert!(
            picture.contains("fill=\"#d75f00\">a&lt;b&amp;</text>"),
            "{picture}"
        );
        assert_eq!(picture.matches("<path").count(), 1);
        assert_eq!(
            picture.matches("<rect").count(),
            2,
            "the paper, and what is reversed"
        );
    }
}
