//! Where checkpoints lead, as a figure.

use super::{End, Ends};
use crate::figure::kinds::steps_axis;
use crate::figure::{Axis, Colour, Figure, Glyph, Mark, Plot, Proportions, Scale, Series};

/// Names in the legend.
const LEARNING: &str = "network of the checkpoint";
const SAME: &str = "its end: the fixed points of learning";
const OTHER: &str = "its end: other fixed points";

impl Ends {
    /// Draws the loss of each checkpoint with that of its end, and the distances of the fixed points of both to those that learning
    /// ended with. Ends with the fixed points of learning are filled markers, the others open ones.
    pub fn figure(&self, steps: Scale) -> Figure {
        let mut losses = self.plot(
            Axis::new("loss").on(Scale::Log),
            steps,
            |of| of.losses[0],
            |of| of.losses[1],
        );
        losses.is_joined = true;
        let known = |of: &Result<f64, String>| of.as_ref().map_or(f64::NAN, |of| *of);
        let edits = self.plot(
            Axis::new("edits to end"),
            steps,
            |of| known(&of.edits_there),
            |of| known(&of.edits),
        );
        Figure {
            description: "Loss and fixed points of checkpoints and of the ends that an optimiser takes them to".to_owned(),
            plots: vec![losses, edits],
            columns: 1,
        }
    }

    fn plot(
        &self,
        y: Axis,
        steps: Scale,
        there: impl Fn(&End) -> f64,
        at_end: impl Fn(&End) -> f64,
    ) -> Plot {
        let points = |value: &dyn Fn(&End) -> f64, is_shown: &dyn Fn(&End) -> bool| {
            let shown = self.ends.iter().filter(|end| is_shown(end));
            shown
                .map(|end| [end.step as f64, value(end)])
                .collect::<Vec<[f64; 2]>>()
        };
        let [blue, orange] = [Colour::DISTINCT[0], Colour::DISTINCT[1]];
        let last = self.ends.last().map_or(1, |end| end.step.max(1));
        let series = vec![
            Series::new(LEARNING, Mark::Line, blue, points(&there, &|_| true)),
            Series::new(
                LEARNING,
                Mark::Small(Glyph::ALL[0]),
                blue,
                points(&there, &|_| true),
            ),
            Series::new(SAME, Mark::Dashes, orange, points(&at_end, &|_| true)),
            Series::new(
                SAME,
                Mark::Filled(Glyph::ALL[1]),
                orange,
                points(&at_end, &|end| end.class == 0),
            ),
            Series::new(
                OTHER,
                Mark::Open(Glyph::ALL[1]),
                orange,
                points(&at_end, &|end| end.class != 0),
            ),
        ];
        Plot {
            proportions: Proportions::Height(80.0),
            ..Plot::new("", steps_axis(last as f64, steps), y, series)
        }
    }
}
