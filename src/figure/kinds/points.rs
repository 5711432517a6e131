//! How fixed points look: a marker and a colour for each kind.

use crate::figure::plot::Mark;
use crate::figure::scene::{Colour, Glyph};
use crate::nouns::PointKind;

/// Colour of what is stable.
pub(super) const STABLE: Colour = Colour::BLUE;
/// Colour of what is not.
pub(super) const UNSTABLE: Colour = Colour::VERMILION;

/// Name, marker and colour of a fixed point of a kind with so many unstable directions; saddles of one, two and more look
/// different.
pub(super) fn look(kind: PointKind, n_unstable: u16) -> (&'static str, Mark, Colour) {
    match (kind, n_unstable) {
        (PointKind::StableNode, _) => ("stable node", Mark::Filled(Glyph::Disc), STABLE),
        (PointKind::StableFocus, _) => ("stable focus", Mark::Open(Glyph::Disc), Colour::SKY),
        (PointKind::Saddle, 0 | 1) => (
            "saddle, 1 unstable direction",
            Mark::Filled(Glyph::Diamond),
            UNSTABLE,
        ),
        (PointKind::Saddle, 2) => (
            "saddle, 2 unstable directions",
            Mark::Filled(Glyph::Triangle),
            Colour::ORANGE,
        ),
        (PointKind::Saddle, _) => (
            "saddle, 3 or more unstable directions",
            Mark::Filled(Glyph::Square),
            Colour::PURPLE,
        ),
        (PointKind::Repeller, _) => ("repeller", Mark::Filled(Glyph::Funnel), Colour::GREEN),
        (PointKind::Marginal, _) => ("marginal", Mark::Filled(Glyph::Cross), Colour::INK),
    }
}

/// The same of a slow point.
pub(super) const SLOW: (&str, Mark, Colour) = (
    "slow point",
    Mark::Filled(Glyph::Plus),
    Colour(0x88, 0x88, 0x88),
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_kinds_look_alike_in_colour_or_shape() {
        let looks = [
            look(PointKind::StableNode, 0),
            look(PointKind::StableFocus, 0),
            look(PointKind::Saddle, 1),
            look(PointKind::Saddle, 2),
            look(PointKind::Saddle, 3),
            look(PointKind::Repeller, 9),
            look(PointKind::Marginal, 0),
            SLOW,
        ];
        for (i, a) in looks.iter().enumerate() {
            assert!(
                looks[..i]
                    .iter()
                    .all(|b| a.0 != b.0 && a.1 != b.1 && a.2 != b.2),
                "{a:?}"
            );
        }
        assert_eq!(look(PointKind::Saddle, 3), look(PointKind::Saddle, 7));
    }
}
