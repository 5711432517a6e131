//! How groups of runs look: a colour and a marker each, so that neither alone tells them apart.

use crate::figure::scene::{Colour, Glyph};

/// Colour and marker of a group; the pairs repeat after 42.
pub(super) fn look(group: usize) -> (Colour, Glyph) {
    let colours = Colour::DISTINCT;
    (
        colours[group % colours.len()],
        Glyph::ALL[group % Glyph::ALL.len()],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_look_different() {
        for i in 0..42 {
            assert!((0..i).all(|j| look(i) != look(j)), "{i}");
        }
        for i in 0..6 {
            assert!(
                (0..i).all(|j| look(i).0 != look(j).0 && look(i).1 != look(j).1),
                "{i}"
            );
        }
    }
}
