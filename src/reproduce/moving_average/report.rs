//! What came of the moving averages: claims and tables.

use super::super::{Claim, Expectation, Report, Table, TableCell};
use super::figure::figure;
use super::pulses::Prediction;
use super::{Look, SCALES, Seen};
use crate::statistics::Estimate;
use crate::statistics::bootstrap::Bootstrap;

/// Place of a tenth of a pulse, and of a whole one, among the scales.
const TENTH: usize = 2;
const WHOLE: usize = SCALES.len() - 1;

/// `gap_steps` is the longest time between pulses.
pub(super) fn report(seen: &[Seen], gap_steps: f64) -> Report {
    Report {
        claims: claims(seen, gap_steps),
        tables: vec![
            table_of_networks(seen, gap_steps),
            table_of_angles(seen),
            table_of_pulses(seen),
        ],
        figure: (!seen.is_empty()).then(|| figure(seen)),
    }
}

/// A mean over networks; what is NaN is left out.
pub(super) fn over(seen: &[Seen], value: impl Fn(&Seen) -> f64) -> Estimate {
    let values = seen.iter().map(value).filter(|x| !x.is_nan());
    Estimate::mean(&values.collect::<Vec<f64>>())
}

/// The same of shares, whose interval must not leave 0 to 1.
fn share_over(seen: &[Seen], value: impl Fn(&Seen) -> f64) -> Estimate {
    Bootstrap::new(0).mean(&seen.iter().map(value).collect::<Vec<f64>>())
}

/// The middle one of values, the lower of two; NaN of none.
pub(super) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len().saturating_sub(1) / 2;
    values.get(middle).copied().unwrap_or(f64::NAN)
}

impl Look {
    /// Share of the slow points with exactly two modes that do not decay within so many steps.
    fn two_slow(&self, steps: f64) -> f64 {
        let two = self
            .points
            .iter()
            .filter(|of| of.modes.slower_than(steps) == 2);
        two.count() as f64 / self.points.len() as f64
    }

    fn gap(&self) -> f64 {
        median(self.points.iter().map(|of| of.modes.gap()))
    }

    /// Median time constant of the modes of a rank.
    pub(super) fn time_constant(&self, rank: usize) -> f64 {
        let of_rank = self
            .points
            .iter()
            .filter_map(|of| of.modes.time_constants().nth(rank));
        median(of_rank)
    }

    /// Median angle of right (0), left (1) and random (2) directions.
    fn angle(&self, kind: usize) -> f64 {
        median(self.angles.iter().map(|of| of[kind]))
    }

    fn in_plane(&self) -> f64 {
        let variances = self.cloud.as_ref().map(|of| of.variances);
        variances.map_or(f64::NAN, |[first, second, _]| first + second)
    }

    fn stored(&self) -> f64 {
        self.cloud.as_ref().map_or(f64::NAN, |of| of.stored)
    }
}

fn claims(seen: &[Seen], gap_steps: f64) -> Vec<Claim> {
    let claims = [
        Claim::new(
            "share of the variance of the slow points in two principal components",
            Expectation::at_least(0.95),
            share_over(seen, |of| of.trained.in_plane()),
        ),
        Claim::new(
            "R² of the last two heights as linear functions of the two coordinates of the slow point, in trials left out",
            Expectation::at_least(0.9),
            over(seen, |of| of.trained.stored()),
        ),
        Claim::new(
            "share of the slow points with exactly two modes that do not decay within the longest time between pulses",
            Expectation::at_least(0.9),
            share_over(seen, |of| of.trained.two_slow(gap_steps)),
        ),
        Claim::new(
            "the same share in the networks before training",
            Expectation::at_most(0.1),
            share_over(seen, |of| of.untrained.two_slow(gap_steps)),
        ),
        Claim::new(
            "time constant of the second mode over that of the third, median of the slow points",
            Expectation::at_least(3.0),
            over(seen, |of| of.trained.gap()),
        ),
        Claim::new(
            "larger principal angle between the plane of the slow points and the right eigenvectors of the two slowest modes, median, \
             in degrees",
            Expectation::at_most(20.0),
            over(seen, |of| of.trained.angle(0)),
        ),
        Claim::new(
            "R² of the responses to a tenth of a pulse as the left eigenvectors of the two slowest modes tell them",
            Expectation::at_least(0.9),
            over(seen, |of| of.trained.predictions[TENTH].left),
        ),
        Claim::new(
            "the same of whole pulses",
            Expectation::at_least(0.5),
            over(seen, |of| of.trained.predictions[WHOLE].left),
        ),
    ];
    claims.map(Claim::of_ours).into()
}

fn number(value: f64) -> TableCell {
    TableCell::Number(Estimate::exact(value))
}

fn table_of_networks(seen: &[Seen], gap_steps: f64) -> Table {
    let mut table = Table::new(
        "Networks, and in the last row all of them before training: slow points and the time constants of modes there, medians, in \
         steps",
        &[
            "seed",
            "loss",
            "R² of the task",
            "starts",
            "slow points",
            "√2q, median",
            "variance in PC 1",
            "in PC 2",
            "in PC 3",
            "R² of the heights",
            "first mode",
            "second",
            "third",
            "fourth",
            "two slow modes",
        ],
    );
    for (seed, of) in seen.iter().enumerate() {
        let look = &of.trained;
        let variances = look.cloud.as_ref().map_or([f64::NAN; 3], |of| of.variances);
        let mut row = vec![
            TableCell::Count(seed),
            number(of.loss),
            number(of.accuracy),
            TableCell::Count(look.tried),
            TableCell::Count(look.points.len()),
            number(median(look.points.iter().map(|of| (2.0 * of.q).sqrt()))),
        ];
        row.extend(variances.map(number));
        row.push(number(look.stored()));
        row.extend([0, 1, 2, 3].map(|rank| number(look.time_constant(rank))));
        row.push(number(look.two_slow(gap_steps)));
        table.rows.push(row);
    }
    table.rows.push(row_of_untrained(seen, gap_steps));
    table
}

fn row_of_untrained(seen: &[Seen], gap_steps: f64) -> Vec<TableCell> {
    let mean =
        |value: &dyn Fn(&Look) -> f64| TableCell::Number(over(seen, |of| value(&of.untrained)));
    let variance = |place: usize| {
        mean(&move |look| {
            look.cloud
                .as_ref()
                .map_or(f64::NAN, |of| of.variances[place])
        })
    };
    let empty = || TableCell::Text(String::new());
    let mut row = vec![
        TableCell::Text("untrained".to_owned()),
        empty(),
        empty(),
        mean(&|look| look.tried as f64),
        mean(&|look| look.points.len() as f64),
        mean(&|look| median(look.points.iter().map(|of| (2.0 * of.q).sqrt()))),
    ];
    row.extend([0, 1, 2].map(variance));
    row.push(mean(&Look::stored));
    row.extend([0, 1, 2, 3].map(|rank| mean(&move |look| look.time_constant(rank))));
    row.push(mean(&|look| look.two_slow(gap_steps)));
    row
}

fn table_of_angles(seen: &[Seen]) -> Table {
    let mut table = Table::new(
        "Larger principal angle between the first two principal components of the slow points and other planes, in degrees: means over \
         networks of medians",
        &["plane", "trained", "untrained"],
    );
    let kinds = [
        "right eigenvectors",
        "left eigenvectors",
        "random directions",
    ];
    for (kind, name) in kinds.into_iter().enumerate() {
        table.rows.push(vec![
            TableCell::Text(name.to_owned()),
            TableCell::Number(over(seen, |of| of.trained.angle(kind))),
            TableCell::Number(over(seen, |of| of.untrained.angle(kind))),
        ]);
    }
    table
}

fn table_of_pulses(seen: &[Seen]) -> Table {
    let mut table = Table::new(
        "Responses to pulses at slow points, told from the linear response and the two slowest modes: R², means over networks",
        &[
            "share of a pulse",
            "left eigenvectors",
            "cosine",
            "orthogonal projection",
            "random directions",
        ],
    );
    for (place, &scale) in SCALES.iter().enumerate() {
        let mean = |value: fn(&Prediction) -> f64| {
            TableCell::Number(over(seen, |of| value(&of.trained.predictions[place])))
        };
        table.rows.push(vec![
            number(scale),
            mean(|of| of.left),
            mean(|of| of.cosine),
            mean(|of| of.orthogonal),
            mean(|of| of.random),
        ]);
    }
    table
}
