//! What a quantity does around bifurcations, averaged over many, against chance.

use crate::figure::Figure;
use crate::figure::axis::Axis;
use crate::figure::plot::{Mark, Plot, Proportions, Rule, Series};
use crate::figure::scene::{Colour, Dash};

/// An average around events, with an interval, and the interval of the same by chance.
#[derive(Debug, Clone, PartialEq)]
pub struct Triggered {
    /// What is averaged, with its unit; the label of the axis.
    pub quantity: String,
    /// What the events are, for the legend: `fold (312 events)`.
    pub events: String,
    /// Training steps from the event.
    pub lags: Vec<f64>,
    /// Average at each lag.
    pub mean: Vec<f64>,
    /// Lower and upper end of its interval, if it has one.
    pub interval: Option<[Vec<f64>; 2]>,
    /// Lower and upper end of what chance gives.
    pub chance: [Vec<f64>; 2],
}

impl Triggered {
    /// Draws it; the event is at 0.
    pub fn figure(&self) -> Figure {
        let band = |[low, high]: &[Vec<f64>; 2]| -> Vec<[f64; 3]> {
            let ends = self.lags.iter().zip(low.iter().zip(high));
            ends.map(|(&x, (&low, &high))| [x, low, high]).collect()
        };
        let mean = self.lags.iter().zip(&self.mean).map(|(&x, &y)| [x, y]);
        let mut series = vec![Series::band("by chance", Colour::INK, &band(&self.chance))];
        let own = self.interval.iter();
        series.extend(own.map(|of| Series::band(&self.events, Colour::VERMILION, &band(of))));
        let mean = mean.collect();
        series.push(Series::new(
            &self.events,
            Mark::Line,
            Colour::VERMILION,
            mean,
        ));
        let (first, last) = (self.lags.first(), self.lags.last());
        let range = [first.copied().unwrap_or(-1.0), last.copied().unwrap_or(1.0)];
        let mut plot = Plot::new(
            "",
            Axis::between("training steps from the event", range),
            Axis::new(&self.quantity),
            series,
        );
        plot.proportions = Proportions::Height(110.0);
        plot.rules.push(Rule {
            at: 0.0,
            is_upright: true,
            dash: Dash::Dotted,
        });
        Figure {
            description: format!("{} around bifurcations", self.quantity),
            ..Figure::from(plot)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::Width;

    #[test]
    fn an_average_around_events_as_svg() {
        let average = Triggered {
            quantity: "change of log loss".to_owned(),
            events: "fold (12 events)".to_owned(),
            lags: vec![-1.0, 0.0, 1.0],
            mean: vec![0.0, -0.2, f64::NAN],
            interval: Some([vec![-0.1, -0.3, f64::NAN], vec![0.1, -0.1, f64::NAN]]),
            chance: [vec![-0.1; 3], vec![0.1; 3]],
        };
        insta::assert_snapshot!(average.figure().scene(Width { mm: 60.0 }).to_svg());
    }
}
