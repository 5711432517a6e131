//! Signs of groups, and what stands where there is no distance. Shape carries the meaning; hue only repeats it.

use tui::style::Style;

pub(super) use crate::dashboard::shades::shade as distance;
use crate::dashboard::theme::{Ink, Theme};

/// Signs of groups, in Unicode and in ASCII.
const SIGNS: [(&str, &str); 8] = [
    ("●", "o"),
    ("▲", "^"),
    ("■", "#"),
    ("◆", "*"),
    ("▼", "v"),
    ("×", "x"),
    ("+", "+"),
    ("◉", "@"),
];

/// Sign and style of a group, by its number.
pub(super) fn group(theme: Theme, number: usize) -> (&'static str, Style) {
    let (unicode, ascii) = SIGNS[number % SIGNS.len()];
    let sign = if theme.ascii { ascii } else { unicode };
    (sign, theme.bold(Ink::Run(number)))
}

/// Symbol of a cell without a distance.
pub(super) fn no_distance(theme: Theme) -> (&'static str, Style) {
    let symbol = if theme.ascii { "x" } else { "×" };
    (symbol, theme.style(Ink::Faint))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::dashboard::theme::Depth;

    #[test]
    fn groups_are_told_apart_by_shape_alone() {
        for ascii in [false, true] {
            let signs: HashSet<&str> = (0..SIGNS.len())
                .map(|number| group(Theme::dark(Depth::None, ascii), number).0)
                .collect();
            assert_eq!(signs.len(), SIGNS.len());
            assert!(!ascii || signs.iter().all(|sign| sign.is_ascii()));
        }
    }
}
