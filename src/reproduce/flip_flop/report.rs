//! What came of the flip-flops: claims and tables.

use super::super::{Claim, Expectation, Report, Table, TableCell};
use super::Seen;
use super::figure::figure;
use super::landscape::{BITS, EDGES, MEMORIES};
use super::perturbed::{MOST_STEPS, Perturbed, Remains};
use super::threshold::Passage;
use crate::statistics::Estimate;
use crate::statistics::bootstrap::Bootstrap;

/// A perturbed network still solves the task from this accuracy on.
const SOLVES: f64 = 0.95;
/// Half passages of fewer steps are too short for the normal form of a fold.
const SLOW_PASSAGE: f64 = 20.0;

pub(super) fn report(seen: &[Seen]) -> Report {
    let mut claims = claims_of_points(seen);
    claims.extend(claims_of_thresholds(seen));
    claims.extend(claims_of_noise(seen));
    Report {
        claims,
        tables: vec![table_of_networks(seen), table_of_noise(seen)],
        figure: (!seen.is_empty()).then(|| figure(seen)),
    }
}

/// A mean over networks; what is NaN is left out.
fn over(seen: &[Seen], value: impl Fn(&Seen) -> f64) -> Estimate {
    let values = seen.iter().map(value).filter(|x| !x.is_nan());
    Estimate::mean(&values.collect::<Vec<f64>>())
}

/// The same of shares, whose interval must not leave 0 to 1.
fn share_over(seen: &[Seen], value: impl Fn(&Seen) -> f64) -> Estimate {
    let values = seen.iter().map(value).filter(|x| !x.is_nan());
    Bootstrap::new(0).mean(&values.collect::<Vec<f64>>())
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (count, sum) = values.fold((0.0, 0.0), |(count, sum), x| (count + 1.0, sum + x));
    sum / count
}

fn claims_of_points(seen: &[Seen]) -> Vec<Claim> {
    let all = 3_f64.powi(BITS as i32);
    vec![
        Claim::new(
            "stable fixed points, one for each memory",
            Expectation::exactly(MEMORIES as f64),
            over(seen, |of| of.counts[0] as f64),
        ),
        Claim::new(
            "fixed points in all: three for each bit if bits were not coupled",
            Expectation::exactly(all),
            over(seen, |of| of.counts.iter().sum::<usize>() as f64),
        )
        .of_theory(),
        Claim::new(
            "share of the 12 changes of one bit that a saddle with one unstable direction mediates: both branches of its unstable \
             manifold end in the two memories",
            Expectation::exactly(1.0),
            over(seen, |of| of.mediated as f64 / EDGES as f64),
        ),
    ]
}

impl Seen {
    fn passages(&self) -> impl Iterator<Item = &Passage> {
        self.flips.iter().filter_map(|flip| flip.passage.as_ref())
    }

    /// The sizes of noise of one draw.
    fn path(&self, draw: usize) -> impl Iterator<Item = &Perturbed> {
        self.perturbed.iter().filter(move |of| of.draw == draw)
    }

    fn draws(&self) -> usize {
        self.perturbed
            .iter()
            .map(|of| of.draw + 1)
            .max()
            .unwrap_or(0)
    }
}

impl Perturbed {
    /// Whether memories have lost their fixed points and the network still solves the task.
    fn lives_on(&self) -> bool {
        !self.lost.is_empty() && self.accuracy >= SOLVES
    }

    fn remains(&self) -> impl Iterator<Item = &Remains> {
        self.lost.iter().filter_map(|lost| lost.slow.as_ref())
    }

    /// How well lost memories with or without a slow point are held; NaN if there are none.
    fn held(&self, with: bool) -> f64 {
        let lost = self.lost.iter().filter(|lost| lost.slow.is_some() == with);
        mean(lost.map(|lost| lost.held).filter(|held| !held.is_nan()))
    }

    /// Steps that motion takes to leave its slow points over half the passage of a fold, where that is long: geometric mean.
    fn leaving(&self) -> f64 {
        let long = |slow: &&Remains| slow.theory_steps >= SLOW_PASSAGE && slow.steps < MOST_STEPS;
        let ratios = self.remains().filter(long);
        mean(ratios.map(|slow| (slow.steps as f64 / slow.theory_steps).ln())).exp()
    }
}

fn claims_of_thresholds(seen: &[Seen]) -> Vec<Claim> {
    vec![
        Claim::new(
            "least distance from the trajectory of the weakest pulse that fails to the saddle between the two memories, over the \
             distance between these: the largest of all changes of a bit of a network",
            Expectation::at_most(0.01),
            over(seen, |of| of.passages().map(|at| at.nearest).fold(f64::NAN, f64::max)),
        )
        .of_ours(),
        Claim::new(
            "slope of the steps before a flip against ln 1/(a − a*), a the amplitude of the pulse and a* its threshold, over 1/ln λ \
             with the unstable multiplier λ of the saddle",
            Expectation::between(0.95, 1.05),
            over(seen, |of| mean(of.passages().map(|at| at.lingering))),
        )
        .of_theory(),
    ]
}

fn claims_of_noise(seen: &[Seen]) -> Vec<Claim> {
    let survives = |of: &Seen| {
        let draws = 0..of.draws();
        mean(draws.map(|draw| f64::from(u8::from(of.path(draw).any(Perturbed::lives_on)))))
    };
    let slow_share = |of: &Seen| {
        let living = || of.perturbed.iter().filter(|of| of.lives_on());
        let remains: usize = living().map(|of| of.remains().count()).sum();
        let lost: usize = living().map(|of| of.lost.len()).sum();
        remains as f64 / lost as f64
    };
    vec![
        Claim::new(
            "share of draws of noise on the weights with a size at which memories have lost their fixed points and accuracy is \
             still at least 0.95",
            Expectation::at_least(0.5),
            share_over(seen, survives),
        )
        .of_ours(),
        Claim::new(
            "share of the memories lost there that a slow point (a minimum of q above 0) puts out",
            Expectation::at_least(0.8),
            share_over(seen, slow_share),
        )
        .of_ours(),
        Claim::new(
            "share of steps at which lost memories are put out rightly: of those with such a slow point less those without, at the \
             same size of noise",
            Expectation::at_least(0.0),
            over(seen, gained),
        )
        .of_ours(),
    ]
}

/// Mean over the sizes of noise of what lost memories with a slow point are held better than those without.
fn gained(of: &Seen) -> f64 {
    let one = std::slice::from_ref(of);
    let gains = noises(one).into_iter().map(|noise| {
        let [with, without] = [true, false].map(|with| at_noise(one, noise, &|of| of.held(with)));
        with.value - without.value
    });
    mean(gains.filter(|gain| !gain.is_nan()))
}

fn number(value: f64) -> TableCell {
    TableCell::Number(Estimate::exact(value))
}

fn table_of_networks(seen: &[Seen]) -> Table {
    let mut table = Table::new(
        "Networks: fixed points by unstable directions, and the weakest pulses",
        &[
            "seed",
            "loss",
            "accuracy",
            "0",
            "1",
            "2",
            "3",
            "more",
            "mediated",
            "flips with threshold",
            "threshold, mean",
            "nearest to saddle, largest",
            "nearest to others, least",
            "speed at saddle, largest",
            "lingering over theory",
        ],
    );
    for (seed, of) in seen.iter().enumerate() {
        let thresholds = || of.flips.iter().filter_map(|flip| flip.threshold);
        let largest =
            |value: fn(&Passage) -> f64| number(of.passages().map(value).fold(f64::NAN, f64::max));
        let mut row = vec![TableCell::Count(seed), number(of.loss), number(of.accuracy)];
        row.extend(of.counts.map(TableCell::Count));
        row.extend([
            TableCell::Count(of.mediated),
            TableCell::Count(thresholds().count()),
            number(mean(thresholds())),
            largest(|at| at.nearest),
            number(
                of.passages()
                    .map(|at| at.nearest_other)
                    .fold(f64::NAN, f64::min),
            ),
            largest(|at| at.speed),
            number(mean(of.passages().map(|at| at.lingering))),
        ]);
        table.rows.push(row);
    }
    table
}

fn table_of_noise(seen: &[Seen]) -> Table {
    let mut table = Table::new(
        "Noise on the recurrent weights, in units of their root mean square: means over networks",
        &[
            "noise",
            "accuracy",
            "fixed points",
            "slow points",
            "memories lost",
            "of these with a slow point",
            "held with a slow point",
            "held without",
            "q of slow points, geometric mean",
            "place of slow points",
            "steps there over half a passage",
        ],
    );
    for noise in noises(seen) {
        let mean_of = |value: &dyn Fn(&Perturbed) -> f64| at_noise(seen, noise, value);
        let cells = [
            mean_of(&|of| of.accuracy),
            mean_of(&|of| of.fixed as f64),
            mean_of(&|of| of.slow as f64),
            mean_of(&|of| of.lost.len() as f64),
            mean_of(&|of| of.remains().count() as f64),
            mean_of(&|of| of.held(true)),
            mean_of(&|of| of.held(false)),
            mean_of(&|of| mean(of.remains().map(|slow| slow.q.ln())).exp()),
            mean_of(&|of| mean(of.remains().map(|slow| slow.off))),
            mean_of(&Perturbed::leaving),
        ];
        let mut row = vec![number(noise)];
        row.extend(cells.map(TableCell::Number));
        table.rows.push(row);
    }
    table
}

/// The sizes of noise, in order.
pub(super) fn noises(seen: &[Seen]) -> Vec<f64> {
    let mut noises: Vec<f64> = seen
        .iter()
        .flat_map(|of| &of.perturbed)
        .map(|of| of.noise)
        .collect();
    noises.sort_by(f64::total_cmp);
    noises.dedup();
    noises
}

/// A mean over the networks of means over their draws at one size of noise; what is NaN is left out.
pub(super) fn at_noise(seen: &[Seen], noise: f64, value: &dyn Fn(&Perturbed) -> f64) -> Estimate {
    over(seen, |of| {
        let draws = of
            .perturbed
            .iter()
            .filter(|of| of.noise.total_cmp(&noise).is_eq());
        mean(draws.map(value).filter(|x| !x.is_nan()))
    })
}
