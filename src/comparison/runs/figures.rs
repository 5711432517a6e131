//! Figures of what was compared.

use super::{Comparison, Digest, Distances};
use crate::figure::kinds::distance_to_end::{Curve, DistanceToEnd};
use crate::figure::kinds::embedding::Embedding;
use crate::figure::kinds::matrix::Matrix;
use crate::figure::kinds::survival::{Staircase, Survival};
use crate::figure::kinds::triggered::Triggered;
use crate::figure::{Figure, Scale};
use crate::statistics::Estimate;
use crate::statistics::survival::SurvivalCurve;

/// The kinds of figures of many runs, with what each shows.
pub const FIGURES: [(&str, &str); 5] = [
    (
        "matrix",
        "distances of all pairs by a measure, the runs of a group beside each other",
    ),
    (
        "embedding",
        "the plane in which the distances by a measure are kept best, a marker a group",
    ),
    (
        "survival",
        "share of the networks of each group that have not learned yet, against training",
    ),
    (
        "distance-to-end",
        "how far the fixed points are from those at the end, mean over each group with 95 % intervals",
    ),
    (
        "triggered",
        "change of the loss around bifurcations, against chance",
    ),
];

impl Comparison {
    /// A figure of one of the [`FIGURES`]; `measure` says by which one distances are shown.
    ///
    /// # Errors
    /// In words, if there is no such figure or measure, or nothing to draw.
    pub fn figure(&self, kind: &str, measure: &str, steps: Scale) -> Result<Figure, String> {
        match kind {
            "matrix" => Ok(self.matrix_figure(self.by_measure(measure)?)),
            "embedding" => self.embedding_figure(measure),
            "survival" => Ok(self.survival_figure(steps)),
            "distance-to-end" => Ok(self.to_end_figure(steps)),
            "triggered" => self.triggered_figure(),
            _ => Err(format!("there is no figure {kind} of many runs")),
        }
    }

    fn by_measure(&self, measure: &str) -> Result<&Distances, String> {
        let found = self.distances.iter().find(|of| of.measure == measure);
        found.ok_or_else(|| {
            let names: Vec<&str> = self
                .distances
                .iter()
                .map(|of| of.measure.as_str())
                .collect();
            format!("{measure} was not computed; there are {}", names.join(", "))
        })
    }

    fn group_names(&self) -> Vec<String> {
        self.groups.iter().map(|group| group.name.clone()).collect()
    }

    fn group_of(&self) -> Vec<usize> {
        let place = |run: &Digest| self.groups.iter().position(|group| group.name == run.group);
        self.runs
            .iter()
            .map(|run| place(run).unwrap_or(0))
            .collect()
    }

    fn matrix_figure(&self, of: &Distances) -> Figure {
        let count = self.runs.len();
        let distance =
            |a: usize, b: usize| of.matrix.cell(a, b).as_ref().map_or(f64::NAN, |of| *of);
        Matrix {
            measure: of.measure.clone(),
            groups: self.group_names(),
            group_of: self.group_of(),
            distances: (0..count)
                .map(|a| (0..count).map(|b| distance(a, b)).collect())
                .collect(),
        }
        .figure()
    }

    fn embedding_figure(&self, measure: &str) -> Result<Figure, String> {
        self.by_measure(measure)?;
        let summary = self.summaries.iter().find(|of| of.measure == measure);
        let summary = summary.ok_or_else(|| format!("{measure} was not summed up"))?;
        let embedding = summary.embedding.clone()?;
        Ok(Embedding {
            measure: measure.to_owned(),
            groups: self.group_names(),
            group_of: self.group_of(),
            places: embedding.points,
        }
        .figure())
    }

    fn last_step(&self) -> f64 {
        self.runs.iter().map(|run| run.step).max().unwrap_or(0) as f64
    }

    fn survival_figure(&self, steps: Scale) -> Figure {
        let staircases = self.groups.iter().map(|group| {
            let curve = SurvivalCurve::estimate(&group.times);
            let points = curve.points.iter();
            let ends = |end: usize| {
                points
                    .clone()
                    .map(move |of| of.interval.map_or(of.survival, |ends| ends[end]))
                    .collect()
            };
            let unobserved = group.times.iter().filter(|time| !time.is_observed);
            Staircase {
                name: format!("{} ({})", group.name, group.count),
                steps: points.clone().map(|of| of.time).collect(),
                shares: points.clone().map(|of| of.survival).collect(),
                low: ends(0),
                high: ends(1),
                censored: unobserved.map(|time| time.time).collect(),
            }
        });
        Survival {
            what: "not at the criterion yet".to_owned(),
            staircases: staircases.collect(),
            last_step: self.last_step(),
            steps,
        }
        .figure()
    }

    /// At each step of a checkpoint of any run: the last distance that each run had by then.
    fn to_end_figure(&self, steps: Scale) -> Figure {
        let curves = self.groups.iter().map(|group| {
            let members: Vec<&Digest> = self
                .runs
                .iter()
                .filter(|run| run.group == group.name && !run.to_end.is_empty())
                .collect();
            let mut all: Vec<u64> = members
                .iter()
                .flat_map(|run| run.to_end_steps.clone())
                .collect();
            all.sort_unstable();
            all.dedup();
            let at = |step: u64| {
                let values: Vec<f64> = members
                    .iter()
                    .filter_map(|run| by_then(run, step))
                    .collect();
                Estimate::mean(&values)
            };
            let estimates: Vec<Estimate> = all.iter().map(|step| at(*step)).collect();
            let end =
                |of: &Estimate, end: usize| of.interval.map_or(of.value, |ends| ends[end].max(0.0));
            Curve {
                name: format!("{} ({})", group.name, group.count),
                steps: all.iter().map(|step| *step as f64).collect(),
                middle: estimates.iter().map(|of| of.value).collect(),
                low: estimates.iter().map(|of| end(of, 0)).collect(),
                high: estimates.iter().map(|of| end(of, 1)).collect(),
            }
        });
        DistanceToEnd {
            measure: "edits to the fixed points at the end".to_owned(),
            curves: curves.collect(),
            steps,
        }
        .figure()
    }

    fn triggered_figure(&self) -> Result<Figure, String> {
        let around = self.around_events(0);
        let first = around
            .first()
            .ok_or("fewer than three runs have bifurcations")?;
        let lags = &first.average.lags;
        let of =
            |value: &dyn Fn(&crate::comparison::coincidence::triggered::AverageAtLag) -> f64| {
                lags.iter().map(value).collect::<Vec<f64>>()
            };
        Ok(Triggered {
            quantity: first.signal.to_owned(),
            events: format!("bifurcations ({})", first.average.events),
            lags: of(&|lag| lag.lag as f64),
            interval: None,
            mean: of(&|lag| lag.mean),
            chance: [
                of(&|lag| lag.chance_interval[0]),
                of(&|lag| lag.chance_interval[1]),
            ],
        }
        .figure())
    }
}

/// The distance of the last checkpoint up to a step.
fn by_then(run: &Digest, step: u64) -> Option<f64> {
    let count = run.to_end_steps.partition_point(|of| *of <= step);
    count.checked_sub(1).map(|place| run.to_end[place])
}
