//! Numbers as shades, from dark to bright. Brightness carries the meaning; hue only repeats it.

use tui::style::{Color, Style};

use super::theme::{Depth, Theme};

/// Shades of a small and a large number, where there are too few colours for more.
const SHADES: [(&str, &str); 5] = [(" ", " "), ("░", "."), ("▒", "+"), ("▓", "*"), ("█", "#")];

/// Cividis (Nuñez, Anderton & Renslow 2018) in steps of a sixth: from dark to bright, alike for all kinds of colour vision.
const RAMP: [[u8; 3]; 7] = [
    [0x00, 0x22, 0x4e],
    [0x2a, 0x3f, 0x6d],
    [0x57, 0x5d, 0x6d],
    [0x7d, 0x7c, 0x78],
    [0xa5, 0x9c, 0x74],
    [0xd3, 0xc1, 0x64],
    [0xfe, 0xe8, 0x38],
];

/// Symbol and style of a cell whose number is this share of the way from the smallest to the largest.
pub(crate) fn shade(theme: Theme, share: f64) -> (&'static str, Style) {
    let share = share.clamp(0.0, 1.0);
    let rgb = ramp(share);
    // Text must stand out from what it lies on.
    let ink = if share > 0.45 {
        Color::Black
    } else {
        Color::White
    };
    match theme.depth {
        Depth::True => (
            " ",
            Style::new().bg(Color::Rgb(rgb[0], rgb[1], rgb[2])).fg(ink),
        ),
        Depth::Indexed => (" ", Style::new().bg(Color::Indexed(indexed(rgb))).fg(ink)),
        Depth::Named | Depth::None => {
            let (unicode, ascii) = SHADES[(share * 4.0).round() as usize];
            let symbol = if theme.ascii { ascii } else { unicode };
            (symbol, Style::new())
        }
    }
}

/// Red, green and blue of a share of the way along the ramp.
fn ramp(share: f64) -> [u8; 3] {
    let along = share * (RAMP.len() - 1) as f64;
    let at = (along as usize).min(RAMP.len() - 2);
    let part = along - at as f64;
    let channel = |of: usize| {
        let (from, to) = (f64::from(RAMP[at][of]), f64::from(RAMP[at + 1][of]));
        (from + part * (to - from)).round() as u8
    };
    [channel(0), channel(1), channel(2)]
}

/// The nearest of the 6 × 6 × 6 colours that terminals with 256 of them have from 16 on.
fn indexed(rgb: [u8; 3]) -> u8 {
    const LEVELS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    let level = |value: u8| {
        let nearest = (0..6_u8).min_by_key(|&at| LEVELS[usize::from(at)].abs_diff(value));
        nearest.unwrap_or(0)
    };
    let [red, green, blue] = rgb.map(level);
    16 + 36 * red + 6 * green + blue
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn larger_numbers_are_brighter_in_every_depth() {
        let brightness = |rgb: [u8; 3]| {
            let [red, green, blue] = rgb.map(f64::from);
            0.299 * red + 0.587 * green + 0.114 * blue
        };
        let shares = (0..=20).map(|step| f64::from(step) / 20.0);
        let all: Vec<f64> = shares.map(|share| brightness(ramp(share))).collect();
        assert!(all.windows(2).all(|pair| pair[0] < pair[1]), "{all:?}");
        assert_eq!((ramp(0.0), ramp(1.0)), (RAMP[0], RAMP[6]));
        for ascii in [false, true] {
            let symbols = [0.0, 0.25, 0.5, 0.75, 1.0]
                .map(|share| shade(Theme::dark(Depth::Named, ascii), share).0);
            assert_eq!(symbols.iter().collect::<HashSet<_>>().len(), 5);
        }
        assert_eq!([[0; 3], [255; 3]].map(indexed), [16, 231]);
    }
}
