//! Many runs held against each other: what is asked, by whom it is computed, and what has come so far.

mod library;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

pub(crate) use self::library::Library;

/// What sorts runs into groups, by turns.
pub(crate) const GROUPINGS: [&str; 5] = ["curriculum", "cell", "rule", "task", "population"];

/// Most runs that are compared at once: memory grows with the square of their number.
pub(crate) const MOST_COMPARED: usize = 300;

/// A run that is compared.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ComparedRun {
    pub(crate) dir: PathBuf,
    pub(crate) name: String,
    /// What it shares with the other runs of its group.
    pub(crate) group: String,
    pub(crate) seed: Option<u64>,
    /// Loss at the end; NaN where there is none.
    pub(crate) loss: f64,
    /// Accuracy at the end; NaN where there is none.
    pub(crate) accuracy: f64,
    /// Step from which on its landscape is that of the end, where that is known.
    pub(crate) commitment: Option<u64>,
}

/// A run that cannot be compared.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RefusedRun {
    pub(crate) name: String,
    pub(crate) reason: String,
}

/// The distances of all pairs of runs by one measure.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Measured {
    /// In a word.
    pub(crate) name: String,
    /// Whether it compares ways of learning, not ends.
    pub(crate) is_of_paths: bool,
    /// Distances, or why there is none: row by row in the order of the runs, each from its diagonal on.
    pub(crate) cells: Vec<Result<f64, Arc<str>>>,
    /// A point of the plane for each run, so that distances are kept as well as can be; or why there are none.
    pub(crate) embedding: Result<Vec<[f64; 2]>, String>,
    /// How well the groups are told apart, in a few words; may be empty.
    pub(crate) separation: String,
}

impl Measured {
    /// The distance of two runs of so many, by their places; none where it was not delivered.
    pub(crate) fn cell(&self, count: usize, a: usize, b: usize) -> Option<&Result<f64, Arc<str>>> {
        let (a, b) = (a.min(b), a.max(b));
        // Rows before row a have count, count − 1, … cells.
        let before = a * count - a * a.saturating_sub(1) / 2;
        (b < count)
            .then(|| self.cells.get(before + b - a))
            .flatten()
    }

    /// The smallest and the largest finite distance of two different runs; none if there is none.
    pub(crate) fn range(&self, count: usize) -> Option<(f64, f64)> {
        let pairs = (0..count).flat_map(|a| (a + 1..count).map(move |b| (a, b)));
        let values = pairs.filter_map(|(a, b)| self.cell(count, a, b)?.as_ref().ok().copied());
        values.filter(|of| of.is_finite()).fold(None, |range, of| {
            let (low, high) = range.unwrap_or((of, of));
            Some((low.min(of), high.max(of)))
        })
    }
}

/// What comes of a comparison, piece by piece.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Part {
    /// So many of the runs are read.
    Read(usize),
    /// All runs are read. The distances that follow are in the order of `runs`.
    Runs {
        runs: Vec<ComparedRun>,
        refused: Vec<RefusedRun>,
    },
    /// All distances by one more measure.
    Measure(Measured),
    /// There is no more, and why, if it failed.
    Done(Result<(), String>),
}

/// Computes comparisons.
pub(crate) trait Comparer: Send + Sync {
    /// Compares the runs in these folders, sorted into groups `by` one of [`GROUPINGS`], and tells the parts in their order:
    /// [`Part::Read`] as often as it likes, also from other threads, [`Part::Runs`] once, a [`Part::Measure`] for each measure.
    /// Nobody hears of what it tells once `stop` is true. A run that cannot be read is refused with a reason; that is no failure.
    ///
    /// Errors: why there is nothing to tell, in words.
    fn compare(
        &self,
        dirs: &[PathBuf],
        by: &str,
        stop: &AtomicBool,
        tell: &(dyn Fn(Part) + Sync),
    ) -> Result<(), String>;
}

/// Does what a comparer does, and tells its end; what panics is a failure like others.
pub(crate) fn compare(
    comparer: &dyn Comparer,
    (dirs, by): (&[PathBuf], &str),
    stop: &AtomicBool,
    tell: &(dyn Fn(Part) + Sync),
) {
    let work = std::panic::AssertUnwindSafe(|| comparer.compare(dirs, by, stop, tell));
    let failed = "comparing failed in an unforeseen way: leave one run after the other out";
    let done = std::panic::catch_unwind(work).unwrap_or_else(|_| Err(failed.to_owned()));
    tell(Part::Done(done));
}

/// A comparison as far as it has come.
#[derive(Debug, Clone, Default)]
pub(crate) struct Compared {
    /// Tells comparisons apart: the number of those asked for until then.
    pub(crate) number: u64,
    /// The runs that are to be compared.
    pub(crate) asked: Vec<PathBuf>,
    /// What sorts them into groups: a place in [`GROUPINGS`].
    pub(crate) grouping: usize,
    /// How many more were asked for than can be compared at once.
    pub(crate) left_out: usize,
    /// How many runs are read.
    pub(crate) read: usize,
    /// The compared runs, as they were delivered.
    pub(crate) runs: Vec<ComparedRun>,
    /// Places in `runs`, by group.
    pub(crate) order: Vec<usize>,
    /// The names of the groups, each once.
    pub(crate) groups: Vec<String>,
    pub(crate) refused: Vec<RefusedRun>,
    pub(crate) measures: Vec<Measured>,
    /// Whether there is more to come.
    pub(crate) is_running: bool,
    /// Why there is nothing.
    pub(crate) problem: Option<String>,
}

impl Compared {
    /// A new comparison of the runs in these folders, each taken once, the first of them if there are too many.
    pub(crate) fn of(before: &Self, dirs: Vec<PathBuf>) -> Self {
        let mut seen = BTreeSet::new();
        let mut asked: Vec<PathBuf> = dirs
            .into_iter()
            .filter(|dir| seen.insert(dir.clone()))
            .collect();
        let left_out = asked.len().saturating_sub(MOST_COMPARED);
        asked.truncate(MOST_COMPARED);
        Self {
            number: before.number + 1,
            asked,
            grouping: before.grouping,
            left_out,
            is_running: true,
            ..Self::default()
        }
    }

    /// Takes in what came of the comparison with this number; that of others is let go.
    pub(crate) fn take_in(&mut self, number: u64, part: Part) {
        if number != self.number {
            return;
        }
        match part {
            // Threads may overtake each other.
            Part::Read(read) => self.read = self.read.max(read),
            Part::Runs { runs, refused } => {
                (self.runs, self.refused) = (runs, refused);
                self.read = self.asked.len();
                self.order = (0..self.runs.len()).collect();
                self.order
                    .sort_by(|&a, &b| self.runs[a].group.cmp(&self.runs[b].group));
                let groups: BTreeSet<&String> = self.runs.iter().map(|run| &run.group).collect();
                self.groups = groups.into_iter().cloned().collect();
            }
            Part::Measure(measured) => self.measures.push(measured),
            Part::Done(done) => {
                self.is_running = false;
                self.problem = done.err();
            }
        }
    }

    /// The run in a row of the matrix, from 0.
    pub(crate) fn run(&self, row: usize) -> Option<&ComparedRun> {
        self.runs.get(*self.order.get(row)?)
    }

    /// Number of the group of the run in a row, from 0.
    pub(crate) fn group_of(&self, row: usize) -> usize {
        let group = self.run(row).map(|run| &run.group);
        let at = group.and_then(|group| self.groups.binary_search(group).ok());
        at.unwrap_or(0)
    }

    /// The distance of the runs in two rows by a measure.
    pub(crate) fn cell(
        &self,
        measured: &Measured,
        row: usize,
        column: usize,
    ) -> Option<Result<f64, Arc<str>>> {
        let (a, b) = (*self.order.get(row)?, *self.order.get(column)?);
        measured.cell(self.runs.len(), a, b).cloned()
    }

    /// The point of the run in a row, in the plane of a measure.
    pub(crate) fn point(&self, measured: &Measured, row: usize) -> Option<[f64; 2]> {
        let points = measured.embedding.as_ref().ok()?;
        points.get(*self.order.get(row)?).copied()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn run(name: &str, group: &str) -> ComparedRun {
        ComparedRun {
            dir: name.into(),
            name: name.into(),
            group: group.into(),
            seed: None,
            loss: 0.1,
            accuracy: 1.0,
            commitment: None,
        }
    }

    /// The distance of places a < b is 10 a + b; that of 0 and 2 is missing.
    fn measured() -> Measured {
        let cell = |(a, b): (usize, usize)| match (a, b) {
            (0, 2) => Err("they have nothing in common".into()),
            (a, b) if a == b => Ok(0.0),
            (a, b) => Ok((10 * a + b) as f64),
        };
        let pairs = (0..3).flat_map(|a| (a..3).map(move |b| (a, b)));
        Measured {
            name: "cka".into(),
            is_of_paths: false,
            cells: pairs.map(cell).collect(),
            embedding: Ok(vec![[0.0, 0.0], [1.0, 0.0], [2.0, 0.0]]),
            separation: String::new(),
        }
    }

    fn compared() -> Compared {
        let mut compared = Compared::of(&Compared::default(), vec!["a".into(); 3]);
        let runs = vec![run("x", "two"), run("y", "one"), run("z", "two")];
        compared.take_in(
            1,
            Part::Runs {
                runs,
                refused: Vec::new(),
            },
        );
        compared.take_in(1, Part::Measure(measured()));
        compared
    }

    #[test]
    fn rows_are_by_group_and_distances_go_with_them() {
        let compared = compared();
        let names: Vec<&str> = (0..3)
            .map(|row| compared.run(row).unwrap().name.as_str())
            .collect();
        assert_eq!(names, ["y", "x", "z"]);
        assert_eq!(compared.groups, ["one", "two"]);
        assert_eq!([0, 1, 2].map(|row| compared.group_of(row)), [0, 1, 1]);
        let measured = &compared.measures[0];
        let cell = |row, column| compared.cell(measured, row, column).unwrap().ok();
        assert_eq!(
            [cell(0, 1), cell(1, 0), cell(2, 0)],
            [Some(1.0), Some(1.0), Some(12.0)]
        );
        assert_eq!([cell(1, 1), cell(1, 2)], [Some(0.0), None]);
        assert_eq!(compared.cell(measured, 0, 3), None);
        assert_eq!(compared.point(measured, 0), Some([1.0, 0.0]));
        assert_eq!(measured.range(3), Some((1.0, 12.0)));
    }

    #[test]
    fn what_belongs_to_an_earlier_comparison_is_let_go() {
        let before = compared();
        let mut compared = Compared::of(&before, vec!["a".into(), "b".into()]);
        compared.take_in(before.number, Part::Measure(measured()));
        compared.take_in(before.number, Part::Read(7));
        assert_eq!((compared.measures.len(), compared.read), (0, 0));
        compared.take_in(compared.number, Part::Read(2));
        compared.take_in(compared.number, Part::Read(1));
        assert_eq!(compared.read, 2, "threads overtake each other");
    }

    #[test]
    fn only_so_many_are_compared_each_once() {
        let dirs = (0..2 * MOST_COMPARED).map(|number| PathBuf::from(format!("{}", number / 2)));
        let all = Compared::of(&Compared::default(), dirs.collect());
        assert_eq!((all.asked.len(), all.left_out), (MOST_COMPARED, 0));
        let dirs = (0..MOST_COMPARED + 3).map(|number| PathBuf::from(format!("{number}")));
        let some = Compared::of(&Compared::default(), dirs.collect());
        assert_eq!((some.asked.len(), some.left_out), (MOST_COMPARED, 3));
    }

    #[test]
    fn a_comparer_that_fails_says_why() {
        struct Fails;
        impl Comparer for Fails {
            fn compare(
                &self,
                dirs: &[PathBuf],
                _: &str,
                _: &AtomicBool,
                tell: &(dyn Fn(Part) + Sync),
            ) -> Result<(), String> {
                tell(Part::Read(1));
                assert!(dirs.len() < 2, "as many runs as this panic");
                Err("no measure has sense".into())
            }
        }
        for (dirs, reason) in [(1, "no measure has sense"), (2, "unforeseen")] {
            let told = std::sync::Mutex::new(Compared::of(&Compared::default(), Vec::new()));
            let dirs: Vec<PathBuf> = (0..dirs).map(|n: i32| n.to_string().into()).collect();
            compare(&Fails, (&dirs, "cell"), &AtomicBool::new(false), &|part| {
                told.lock().unwrap().take_in(1, part);
            });
            let told = told.into_inner().unwrap();
            assert!(!told.is_running && told.read == 1);
            assert!(told.problem.unwrap().contains(reason));
        }
    }
}
