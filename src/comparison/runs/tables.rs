//! What was compared, as tables.

use super::{Comparison, Digest, PairSummary};
use crate::trace::rows::{ComparedPairRow, ComparedRunRow};
use crate::trace::{TraceError, table_bytes};

impl Comparison {
    /// The table `compared_runs`, as a Parquet file.
    pub fn runs_table(&self) -> Result<Vec<u8>, TraceError> {
        let rows: Vec<ComparedRunRow> = self.runs.iter().map(run_row).collect();
        table_bytes(&rows)
    }

    /// The table `compared_pairs` of some pairs, a row for each measure, as a Parquet file.
    pub fn pairs_table(&self, pairs: &[PairSummary]) -> Result<Vec<u8>, TraceError> {
        let rows: Vec<ComparedPairRow> =
            pairs.iter().flat_map(|pair| self.pair_rows(pair)).collect();
        table_bytes(&rows)
    }

    fn pair_rows<'a>(
        &'a self,
        pair: &'a PairSummary,
    ) -> impl Iterator<Item = ComparedPairRow> + 'a {
        let [a, b] = pair.places.map(|place| &self.runs[place]);
        let measures = self.distances.iter().zip(&pair.distances);
        measures.map(move |(of, distance)| ComparedPairRow {
            run_a: a.name.clone(),
            run_b: b.name.clone(),
            group_a: a.group.clone(),
            group_b: b.group.clone(),
            end: pair.end.name().to_owned(),
            path: pair.path.name().to_owned(),
            first_events_shared: pair.first_events_shared as u32,
            measure: of.measure.clone(),
            distance: distance.as_ref().ok().copied(),
            reason: distance.as_ref().err().cloned(),
        })
    }
}

fn run_row(of: &Digest) -> ComparedRunRow {
    let kinds = |events: &Vec<crate::comparison::path::event_sequences::TimedEvent<String>>| {
        let kinds: Vec<&str> = events.iter().map(|event| event.kind.as_str()).collect();
        kinds.join(" ")
    };
    let reached = of.criterion.filter(|time| time.is_observed);
    ComparedRunRow {
        run: of.name.clone(),
        group: of.group.clone(),
        seed: of.seed,
        state: of.state.to_owned(),
        step: of.step,
        trials: of.trials,
        loss: of.loss,
        accuracy: of.accuracy,
        mean_accuracy: of.area,
        steps_to_criterion: reached.map(|time| time.time as u64),
        trials_to_criterion: of.trials_to_criterion,
        commitment_step: of.commitment,
        n_events: of.events.as_ref().map(|events| events.len() as u32),
        events: of.events.as_ref().map(kinds),
        weight_path_length: of.weight_path,
        tortuosity: of.tortuosity,
    }
}
