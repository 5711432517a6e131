//! How wide words are, for a layout that need not draw them first.

use crate::text;

/// The fonts that a figure asks for. Their letters have the same widths, those of Helvetica, where one of the first three is
/// there.
pub(super) const FONTS: &str = "Helvetica, Arial, Arimo, sans-serif";

/// Advance widths of Helvetica from the space to the tilde, in thousandths of the height.
const WIDTHS: [u16; 95] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556,
    556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667,
    611, 778, 722, 278, 500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667,
    667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500,
    222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
];

/// Width of a text in letters of a height, as it is written with what is unprintable escaped.
pub(super) fn width(words: &str, size: f64) -> f64 {
    let total: u32 = text::escaped(words).chars().map(advance).sum();
    f64::from(total) * size / 1000.0
}

fn advance(letter: char) -> u32 {
    let place = (letter as usize).wrapping_sub(usize::from(b' '));
    let known = WIDTHS.get(place).copied().map(u32::from);
    known.unwrap_or(match letter {
        '⁰'..='⁹' | '⁻' | '¹' | '²' | '³' | '·' => 333,
        // Signs of other scripts may be as wide as high.
        '\u{1100}'.. => 1000,
        _ => 584,
    })
}

/// The text, or as much of its beginning as fits with an ellipsis; nothing where that would be all.
pub(super) fn fitted(words: &str, size: f64, room: f64) -> String {
    if width(words, size) <= room {
        return words.to_owned();
    }
    let mut kept = String::new();
    for letter in words.chars() {
        kept.push(letter);
        if width(&kept, size) + size > room {
            kept.pop();
            break;
        }
    }
    let kept = kept.trim_end();
    if kept.is_empty() {
        return String::new();
    }
    format!("{kept}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_are_those_of_helvetica() {
        assert!((width("training step", 10.0) - 54.47).abs() < 1e-9);
        assert_eq!(width("10⁻³", 1.0), 2.0 * 0.556 + 2.0 * 0.333);
        assert!(width("\u{1b}", 1.0) > 1.0, "it is written in six letters");
    }

    #[test]
    fn what_does_not_fit_is_cut_and_says_so() {
        assert_eq!(fitted("three bits", 7.0, 100.0), "three bits");
        let cut = fitted("three bits", 7.0, 25.0);
        assert!(cut.ends_with('…') && width(&cut, 7.0) <= 25.0, "{cut}");
        assert_eq!(fitted("three bits", 7.0, 3.0), "");
    }
}
