//! What was compared, for programs.

use creode::comparison::runs::{Comparison, Digest, PairSummary};
use serde_json::{Map, Value, json};

use super::text::{company, ends};

/// Everything.
pub(super) fn all(comparison: &Comparison, pairs: &[PairSummary], of_one_seed: bool) -> Value {
    let estimate = |of: &creode::statistics::Estimate| {
        let [value, low, high] = ends(of);
        json!({ "value": value, "low": low, "high": high })
    };
    let groups = comparison.groups.iter().map(|group| {
        json!({
            "group": group.name,
            "runs": group.count,
            "reached_criterion": group.reached,
            "median_steps_to_criterion": group.median_steps,
            "mean_steps_to_criterion": group.mean_steps,
            "trials": estimate(&group.trials),
            "mean_accuracy": estimate(&group.area),
            "end_accuracy": estimate(&group.accuracy),
            "commitment_step": estimate(&group.commitment),
            "events": estimate(&group.events),
            "tortuosity": estimate(&group.tortuosity),
        })
    });
    let measures = comparison
        .summaries
        .iter()
        .zip(&comparison.distances)
        .map(|(of, distances)| {
            let separation = match &of.separation {
                Ok(found) => json!({
                    "silhouette": estimate(&found.silhouette),
                    "anosim_r": estimate(&found.r),
                    "anosim_p": found.anosim.p,
                }),
                Err(why) => json!({ "reason": why }),
            };
            let gain = of.gain.as_ref().map(|gain| match gain {
                Ok(gain) => {
                    json!({ "silhouette": estimate(&gain.silhouette), "anosim_r": estimate(&gain.r) })
                }
                Err(why) => json!({ "reason": why }),
            });
            let embedding = match &of.embedding {
                Ok(found) => {
                    json!({ "points": found.points, "share_explained": found.share_explained })
                }
                Err(why) => json!({ "reason": why }),
            };
            json!({
                "measure": of.measure,
                "about": distances.about,
                "is_of_paths": distances.is_of_paths,
                "within": estimate(&of.within),
                "between": estimate(&of.between),
                "separation": separation,
                "gain": gain,
                "embedding": embedding,
            })
        });
    let between = comparison.between.iter().map(|of| {
        json!({
            "measure": of.measure, "groups": of.groups,
            "distance": estimate(&of.between), "excess": estimate(&of.excess),
        })
    });
    let around = comparison.around_events(0).into_iter().map(|of| {
        let average = of.average;
        json!({
            "signal": of.signal, "events": average.events, "extreme_lag": average.extreme_lag,
            "excess": average.excess, "effect_size": average.effect_size, "p": average.p,
        })
    });
    let at_drops = comparison.at_drops(0).into_iter().map(|of| {
        json!({
            "company": company(of.company), "drops": of.drops, "share": estimate(&of.share.share),
            "by_chance": of.share.by_chance, "p": of.share.p,
        })
    });
    let is_counted = |a: usize, b: usize| !of_one_seed || comparison.is_of_one_seed(a, b);
    let counts = comparison.pair_counts(is_counted).into_iter().map(|of| {
        json!({
            "groups": of.groups, "pairs": of.pairs, "same_end": of.same_end, "same_path": of.same_path,
            "first_events_shared": of.first_events_shared,
        })
    });
    let skipped = comparison.skipped.iter().map(|of| {
        json!({ "run": of.dir.display().to_string(), "reason": of.reason, "is_damaged": of.is_damaged })
    });
    json!({
        "runs": comparison.runs.iter().map(run).collect::<Vec<Value>>(),
        "skipped": skipped.collect::<Vec<Value>>(),
        "groups": groups.collect::<Vec<Value>>(),
        "log_rank_p": comparison.log_rank_p,
        "measures": measures.collect::<Vec<Value>>(),
        "around_events": around.collect::<Vec<Value>>(),
        "at_drops": at_drops.collect::<Vec<Value>>(),
        "pair_counts": counts.collect::<Vec<Value>>(),
        "between_groups": between.collect::<Vec<Value>>(),
        "pairs": pairs.iter().map(|pair| of_pair(comparison, pair)).collect::<Vec<Value>>(),
    })
}

fn run(of: &Digest) -> Value {
    let events = of.events.as_ref().map(|events| {
        let events = events
            .iter()
            .map(|event| json!({ "kind": event.kind, "step": event.time.exp_m1() }));
        events.collect::<Vec<Value>>()
    });
    json!({
        "run": of.name, "group": of.group, "seed": of.seed, "state": of.state, "steps": of.step, "trials": of.trials,
        "loss": of.loss, "accuracy": of.accuracy, "mean_accuracy": of.area,
        "steps_to_criterion": of.criterion.filter(|time| time.is_observed).map(|time| time.time),
        "trials_to_criterion": of.trials_to_criterion,
        "commitment_step": of.commitment, "is_commitment_proved": of.is_commitment_proved,
        "weight_path_length": of.weight_path, "tortuosity": of.tortuosity,
        "events": events,
    })
}

fn of_pair(comparison: &Comparison, pair: &PairSummary) -> Value {
    let [a, b] = pair.places.map(|place| comparison.runs[place].name.clone());
    let mut distances = Map::new();
    for (of, distance) in comparison.distances.iter().zip(&pair.distances) {
        let value = match distance {
            Ok(value) => json!(value),
            Err(why) => json!({ "reason": why }),
        };
        distances.insert(of.measure.clone(), value);
    }
    json!({
        "runs": [a, b], "end": pair.end.name(), "path": pair.path.name(),
        "first_events_shared": pair.first_events_shared, "distances": distances,
    })
}
