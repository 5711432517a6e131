//! The tables of a run, one file each.
//!
//! A file holds one declaration, of which row type, schema, writer, reader and the table of columns in `docs/TRACE.md` are
//! made; how it is written stands in `declare`. What this module holds once for all is the list of tables.

pub(super) mod cells;
pub(super) mod declare;
mod list;
#[cfg(test)]
mod page;
pub(super) mod value;

pub(super) use self::list::Row;
use self::list::tables;

// In this order the files of a run are merged and named in the manifest.
tables! {
    run {
        Steps: steps::StepRow,
        Landscapes: landscapes::LandscapeRow,
        FixedPoints: fixed_points::FixedPointRow,
        SlowPoints: slow_points::SlowPointRow,
        Spectra: spectra::SpectrumRow,
        Trials: trials::TrialRow,
        Events: events::EventRow,
        Branches: branches::BranchRow,
        Evaluations: evaluations::EvaluationRow,
        Scores: scores::ScoreRow,
        Paths: paths::PathRow,
        Places: places::PlaceRow,
        RateMaps: rate_maps::RateMapRow,
        Relaxations: relaxations::RelaxationRow,
    }
    population {
        Runs: runs::RunRow,
        NetworkScores: network_scores::NetworkScoreRow,
        ComparedRuns: compared_runs::ComparedRunRow,
        ComparedPairs: compared_pairs::ComparedPairRow,
    }
}
