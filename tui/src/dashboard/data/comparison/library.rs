//! Comparisons as the library makes them.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use creode::comparison::runs::{Comparison, Digest, Distances, MeasureSummary, Settings, compare};

use super::{ComparedRun, Comparer, Measured, Part, RefusedRun};
use crate::dashboard::data::files::name_of;
use crate::dashboard::theme::short_number;

/// Compares as `creode compare` does.
pub(crate) struct Library;

impl Comparer for Library {
    fn compare(
        &self,
        dirs: &[PathBuf],
        by: &str,
        stop: &AtomicBool,
        tell: &(dyn Fn(Part) + Sync),
    ) -> Result<(), String> {
        let mut settings = Settings::default();
        by.clone_into(&mut settings.by);
        let comparison = compare(dirs, &settings, stop, &|read, _| tell(Part::Read(read)));
        if stop.load(Ordering::Relaxed) {
            return Ok(());
        }
        tell(runs(&comparison));
        for distances in &comparison.distances {
            let mut summaries = comparison.summaries.iter();
            let summary = summaries.find(|of| of.measure == distances.measure);
            tell(Part::Measure(measured(distances, summary)));
        }
        Ok(())
    }
}

fn runs(comparison: &Comparison) -> Part {
    let refused = |of: &creode::comparison::runs::Skipped| RefusedRun {
        name: name_of(&of.dir),
        reason: of.reason.clone(),
    };
    let run = |digest: &Digest| ComparedRun {
        dir: digest.dir.clone(),
        name: digest.name.clone(),
        group: digest.group.clone(),
        seed: digest.seed,
        loss: digest.loss,
        accuracy: digest.accuracy,
        commitment: digest.commitment,
    };
    Part::Runs {
        runs: comparison.runs.iter().map(run).collect(),
        refused: comparison.skipped.iter().map(refused).collect(),
    }
}

fn measured(distances: &Distances, summary: Option<&MeasureSummary>) -> Measured {
    let count = distances.matrix.count();
    let mut reasons: Vec<Arc<str>> = Vec::new();
    // Many pairs lack a distance for the same reason.
    let mut shared = |reason: &str| {
        if let Some(known) = reasons.iter().find(|of| &***of == reason) {
            return Arc::clone(known);
        }
        let new: Arc<str> = reason.into();
        reasons.push(Arc::clone(&new));
        new
    };
    let pairs = (0..count).flat_map(|a| (a..count).map(move |b| (a, b)));
    let cells = pairs.map(|(a, b)| match distances.matrix.cell(a, b) {
        Ok(distance) => Ok(*distance),
        Err(why) => Err(shared(&why.0)),
    });
    let cells = cells.collect();
    let embedding = summary.map_or_else(
        || Err("none was computed".to_owned()),
        |of| {
            of.embedding
                .as_ref()
                .map(|of| of.points.clone())
                .map_err(Clone::clone)
        },
    );
    let separation = summary.and_then(|of| of.separation.as_ref().ok());
    let separation = separation.map_or_else(String::new, |of| {
        let silhouette = short_number(of.silhouettes.mean);
        format!(
            "silhouette {silhouette} · ANOSIM R {} (p {})",
            short_number(of.anosim.r),
            short_number(of.anosim.p)
        )
    });
    Measured {
        name: distances.measure.clone(),
        is_of_paths: distances.is_of_paths,
        cells,
        embedding,
        separation,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::path::Path;
    use std::sync::Mutex;

    use super::super::Compared;
    use super::*;

    #[test]
    fn a_run_is_at_no_distance_from_itself_and_what_is_no_run_is_refused() {
        let traces = Path::new(env!("CARGO_MANIFEST_DIR")).join("../traces");
        let sample = traces.join("sample");
        // The same run by another path.
        let again = traces.join("../traces/sample");
        let dirs = vec![sample, again, traces.join("no-such-run")];
        let compared = Mutex::new(Compared::of(&Compared::default(), dirs.clone()));
        let tell = |part| compared.lock().unwrap().take_in(1, part);
        Library
            .compare(&dirs, "cell", &AtomicBool::new(false), &tell)
            .unwrap();
        let compared = compared.into_inner().unwrap();
        assert_eq!(
            (compared.runs.len(), compared.groups.len(), compared.read),
            (2, 1, 3)
        );
        assert_eq!(compared.refused[0].name, "no-such-run");
        assert!(!compared.refused[0].reason.is_empty());
        assert!(compared.measures.iter().any(|of| of.is_of_paths));
        for measured in &compared.measures {
            let distance = measured.cell(2, 0, 1).unwrap().as_ref();
            let is_none = distance.is_ok_and(|distance| distance.abs() < 1e-6);
            assert!(is_none, "{}: {distance:?}", measured.name);
        }
    }
}
