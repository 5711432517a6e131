//! How well the networks of a population find their way: scores of what they learned before by room, and which is better where.

use faer::Mat;

use super::folder::Population;
use super::plan::PlannedRun;
use super::state::{RunState, is_run};
use crate::arena::tasks::NavigationTask;
use crate::figure::kinds::score_table::Scores;
use crate::parameters::Variant as _;
use crate::statistics::Estimate;
use crate::svd::svd;
use crate::trace::rows::{NetworkScoreRow, ScoreRow};
use crate::trace::{Run, TraceError, write_network_scores};

/// Checkpoints that the late score is a mean of.
const LATE: usize = 3;

/// The scores of all runs of a population that have any.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ScoreTable {
    /// One row a run and room, in the order of the runs.
    pub rows: Vec<NetworkScoreRow>,
}

/// What two networks of one seed differ by, over the seeds that both have.
#[derive(Debug, Clone, PartialEq)]
pub struct Winner {
    /// The network with the highest mean.
    pub best: String,
    /// That with the next.
    pub second: String,
    /// By how much, paired by seed, with its 95 % interval.
    pub lead: Estimate,
}

/// A principal component of the scores of rooms over networks.
#[derive(Debug, Clone, PartialEq)]
pub struct Component {
    /// Share of the variance.
    pub share: f64,
    /// Coefficient of each room, in the order of [`ScoreTable::rooms`].
    pub coefficients: Vec<f64>,
}

impl Population {
    /// The scores of the runs that there are; those that are no runs yet, or have none, are left out.
    pub fn scores(&self) -> Result<ScoreTable, TraceError> {
        let mut rows = Vec::new();
        for planned in self.plan.runs() {
            let dir = self.run_dir(&planned);
            let has_ended = matches!(RunState::read(&dir), RunState::Finished { .. });
            if has_ended && is_run(&dir) {
                rows.extend(of_run(&planned, &Run::open(&dir)?)?);
            }
        }
        Ok(ScoreTable { rows })
    }

    /// Writes the scores as `network_scores.parquet`.
    pub fn write_scores(&self, scores: &ScoreTable) -> Result<(), TraceError> {
        write_network_scores(self.dir(), &scores.rows)
    }
}

fn of_run(planned: &PlannedRun, run: &Run) -> Result<Vec<NetworkScoreRow>, TraceError> {
    let entries = run.entries();
    let mut scores: Vec<ScoreRow> = Vec::new();
    for entry in entries {
        scores.extend(run.scores(entry.checkpoint)?);
    }
    let Some(last) = entries.last() else {
        return Ok(Vec::new());
    };
    let at_the_end = scores
        .iter()
        .filter(|row| row.checkpoint == last.checkpoint);
    let row = |end: &ScoreRow| {
        let of_room: Vec<f64> = scores
            .iter()
            .filter(|row| row.room == end.room)
            .map(|row| row.score)
            .collect();
        let late = &of_room[of_room.len().saturating_sub(LATE)..];
        let pretraining = planned.from.as_ref().map(|of| of.pretraining.clone());
        NetworkScoreRow {
            run: planned.name.clone(),
            network: pretraining.unwrap_or_else(|| planned.curriculum.clone()),
            curriculum: planned.curriculum.clone(),
            settings: planned.settings_text(),
            seed: planned.seed,
            room: end.room.clone(),
            step: end.step,
            score: end.score,
            late: late.iter().sum::<f64>() / late.len() as f64,
            best: of_room.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            score_as_coded: end.score_as_coded,
            score_shortest: end.score_shortest,
            arrived: end.arrived,
            floor: end.floor,
            ceiling: end.ceiling,
        }
    };
    Ok(at_the_end.map(row).collect())
}

impl ScoreTable {
    /// What networks learned before, in the order of the runs.
    pub fn networks(&self) -> Vec<&str> {
        distinct(self.rows.iter().map(|row| row.network.as_str()))
    }

    /// The rooms: those of the paper in its order, then others.
    pub fn rooms(&self) -> Vec<&str> {
        let mut rooms = distinct(self.rows.iter().map(|row| row.room.as_str()));
        let place = |name: &str| {
            let mut all = NavigationTask::ALL.iter();
            all.position(|room| room.name() == name)
        };
        rooms.sort_by_key(|name| place(name).unwrap_or(usize::MAX));
        rooms
    }

    /// (seed, value) of each run of a network in a room; of several of one seed the mean.
    pub fn of(
        &self,
        network: &str,
        room: &str,
        value: impl Fn(&NetworkScoreRow) -> f64,
    ) -> Vec<(u64, f64)> {
        let is_of = |row: &&NetworkScoreRow| row.network == network && row.room == room;
        let mut found: Vec<(u64, f64)> = self
            .rows
            .iter()
            .filter(is_of)
            .map(|row| (row.seed, value(row)))
            .collect();
        found.sort_by_key(|&(seed, _)| seed);
        let by_seed = found.chunk_by(|a, b| a.0 == b.0);
        by_seed
            .map(|same| {
                let sum: f64 = same.iter().map(|(_, value)| value).sum();
                (same[0].0, sum / same.len() as f64)
            })
            .collect()
    }

    /// Mean over seeds with its 95 % interval; NaN where there is no run.
    pub fn mean(
        &self,
        network: &str,
        room: &str,
        value: impl Fn(&NetworkScoreRow) -> f64,
    ) -> Estimate {
        let values: Vec<f64> = self
            .of(network, room, value)
            .iter()
            .map(|of| of.1)
            .collect();
        Estimate::mean(&values)
    }

    /// Which network has the highest mean of late scores in a room, and by how much it leads; none with fewer than two networks.
    pub fn winner(&self, room: &str) -> Option<Winner> {
        let late = |row: &NetworkScoreRow| row.late;
        let mut means: Vec<(&str, f64)> = self
            .networks()
            .into_iter()
            .map(|network| (network, self.mean(network, room, late).value))
            .filter(|(_, mean)| mean.is_finite())
            .collect();
        means.sort_by(|a, b| b.1.total_cmp(&a.1));
        let [(best, _), (second, _), ..] = means[..] else {
            return None;
        };
        let seconds = self.of(second, room, late);
        let leads: Vec<f64> = self
            .of(best, room, late)
            .into_iter()
            .filter_map(|(seed, value)| {
                let other = seconds.iter().find(|of| of.0 == seed)?;
                Some(value - other.1)
            })
            .collect();
        Some(Winner {
            best: best.to_owned(),
            second: second.to_owned(),
            lead: Estimate::mean(&leads),
        })
    }

    /// The principal components of the late scores: rooms are variables, each network of each seed is an observation (Xu & Barak
    /// 2020, figure 2C). Networks that lack a room are left out. The largest coefficient of each is positive.
    pub fn components(&self) -> Vec<Component> {
        let rooms = self.rooms();
        let columns = self.observations(&rooms);
        let count = columns.len();
        if count < 2 || rooms.is_empty() {
            return Vec::new();
        }
        let mean = |room: usize| columns.iter().map(|of| of[room]).sum::<f64>() / count as f64;
        let means: Vec<f64> = (0..rooms.len()).map(mean).collect();
        let centred = Mat::from_fn(rooms.len(), count, |room, column| {
            columns[column][room] - means[room]
        });
        let Some(svd) = svd(centred.as_ref()) else {
            return Vec::new();
        };
        let squares: Vec<f64> = svd.values.iter().map(|value| value.powi(2)).collect();
        let all: f64 = squares.iter().sum::<f64>().max(f64::MIN_POSITIVE);
        let component = |(number, square): (usize, &f64)| {
            let column: Vec<f64> = (0..rooms.len())
                .map(|room| svd.left[(room, number)])
                .collect();
            let largest = column.iter().copied().fold(0.0, |largest: f64, value| {
                if value.abs() > largest.abs() {
                    value
                } else {
                    largest
                }
            });
            Component {
                share: square / all,
                coefficients: column
                    .iter()
                    .map(|value| value * largest.signum())
                    .collect(),
            }
        };
        // As many as there are ways in which so many observations can differ.
        squares[..squares.len().min(count - 1)]
            .iter()
            .enumerate()
            .map(component)
            .collect()
    }

    /// The late scores and the coefficients of the second component, to be drawn.
    pub fn drawing(&self) -> Scores {
        let (networks, rooms) = (self.networks(), self.rooms());
        let of = |room: &&str| {
            let values = networks.iter().map(|network| {
                let values = self.of(network, room, |row| row.late);
                values.into_iter().map(|(_, value)| value).collect()
            });
            values.collect()
        };
        Scores {
            values: rooms.iter().map(of).collect(),
            networks: networks.iter().map(|&name| name.to_owned()).collect(),
            rooms: rooms.iter().map(|&name| name.to_owned()).collect(),
            loadings: self
                .components()
                .into_iter()
                .nth(1)
                .map(|of| of.coefficients),
        }
    }

    /// The late scores of each network of each seed that has all rooms.
    fn observations(&self, rooms: &[&str]) -> Vec<Vec<f64>> {
        let mut observations = Vec::new();
        for network in self.networks() {
            let of_rooms: Vec<Vec<(u64, f64)>> = rooms
                .iter()
                .map(|room| self.of(network, room, |row| row.late))
                .collect();
            for (seed, _) in of_rooms.first().into_iter().flatten() {
                let at = |of: &Vec<(u64, f64)>| of.iter().find(|at| at.0 == *seed).map(|at| at.1);
                observations.extend(of_rooms.iter().map(at).collect::<Option<Vec<f64>>>());
            }
        }
        observations
    }
}

fn distinct<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut found = Vec::new();
    for name in names {
        if !found.contains(&name) {
            found.push(name);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(scores: &[(&str, u64, &str, f64)]) -> ScoreTable {
        let row = |&(network, seed, room, late): &(&str, u64, &str, f64)| NetworkScoreRow {
            run: format!("{room},{network},seed={seed}"),
            network: network.to_owned(),
            curriculum: room.to_owned(),
            settings: String::new(),
            seed,
            room: room.to_owned(),
            step: 10,
            score: late,
            late,
            best: late,
            score_as_coded: late,
            score_shortest: late,
            arrived: 1.0,
            floor: -0.8,
            ceiling: 1.0,
        };
        ScoreTable {
            rows: scores.iter().map(row).collect(),
        }
    }

    #[test]
    fn the_lead_is_taken_seed_by_seed() {
        let table = table(&[
            ("pos", 0, "basic", 0.9),
            ("pos", 1, "basic", 0.5),
            ("mem", 0, "basic", 0.7),
            ("mem", 1, "basic", 0.3),
            ("rand", 0, "basic", 0.1),
        ]);
        assert_eq!(table.networks(), ["pos", "mem", "rand"]);
        let winner = table.winner("basic").expect("there are three networks");
        assert_eq!(
            (winner.best.as_str(), winner.second.as_str()),
            ("pos", "mem")
        );
        assert!((winner.lead.value - 0.2).abs() < 1e-12);
        let [low, high] = winner.lead.interval.expect("two seeds");
        // Both pairs differ by the same, whatever the seeds differ by.
        assert!(high - low < 1e-12, "{low} {high}");
    }

    #[test]
    fn what_is_good_in_one_room_and_bad_in_the_other_is_a_component() {
        let mut rows = Vec::new();
        for (network, sign) in [("pos", 1.0), ("mem", -1.0)] {
            for seed in 0..3 {
                let level = 0.1 * seed as f64;
                rows.push((network, seed, "basic", level + 0.3 * sign));
                rows.push((network, seed, "hole", level - 0.3 * sign));
            }
        }
        let components = table(&rows).components();
        assert_eq!(components.len(), 2);
        let root = 0.5_f64.sqrt();
        for (found, expected) in components[0].coefficients.iter().zip([root, -root]) {
            assert!((found.abs() - expected.abs()).abs() < 1e-12);
        }
        assert!(components[0].coefficients[0] * components[0].coefficients[1] < 0.0);
        assert!(components[1].coefficients[0] * components[1].coefficients[1] > 0.0);
        assert!((components[0].share + components[1].share - 1.0).abs() < 1e-12);
    }
}
