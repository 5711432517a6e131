//! Whether two files of weights are the same in all that training goes on from, and what differs where they are not.

use std::collections::BTreeSet;

use super::position::Position;
use super::saved::POSITION;
use crate::tensors::{NamedTensor, TensorValues};
use crate::trace::{CheckpointFile, TraceError};

/// What differs, each in a few words; empty if training goes on from both alike.
///
/// The number of a checkpoint depends on which others were kept. What a stage left behind when it ended (its last accuracies
/// and losses, its ramps) is for those who look; earlier versions did not keep it.
pub(super) fn differences(one: &[u8], other: &[u8]) -> Result<Vec<String>, TraceError> {
    let [one, other] = [one, other].map(CheckpointFile::from_bytes);
    let (one, other) = (one?, other?);
    let mut differences = Vec::new();
    let names = |file: &CheckpointFile| -> BTreeSet<String> {
        file.tensors.iter().map(|of| of.name.clone()).collect()
    };
    for name in names(&one).union(&names(&other)) {
        let difference = match (one.tensor(name), other.tensor(name)) {
            (Some(one), Some(other)) => of_tensors(one, other),
            _ => Some("is in one of them only".to_owned()),
        };
        differences.extend(difference.map(|what| format!("tensor {name} {what}")));
    }
    let keys: BTreeSet<&String> = one.metadata.keys().chain(other.metadata.keys()).collect();
    for key in keys.into_iter().filter(|key| *key != POSITION) {
        let [one, other] = [&one, &other].map(|file| file.metadata.get(key));
        if one != other {
            differences.push(format!("the entry {key} is {one:?} and {other:?}"));
        }
    }
    differences.extend(of_positions(&one, &other));
    Ok(differences)
}

fn of_tensors(one: &NamedTensor, other: &NamedTensor) -> Option<String> {
    if one.shape != other.shape {
        return Some(format!("has shapes {:?} and {:?}", one.shape, other.shape));
    }
    let values = |tensor: &NamedTensor| -> Vec<f64> {
        match &tensor.values {
            TensorValues::F32(values) => values.iter().map(|&x| f64::from(x)).collect(),
            TensorValues::F64(values) => values.clone(),
        }
    };
    let (a, b) = (values(one), values(other));
    let differ = a.iter().zip(&b).filter(|(a, b)| a.to_bits() != b.to_bits());
    let (mut count, mut largest) = (0, 0.0_f64);
    for (a, b) in differ {
        count += 1;
        largest = largest.max((a - b).abs());
    }
    (count > 0).then(|| {
        let all = a.len();
        format!("differs in {count} of {all} values, by {largest:.1e} at most")
    })
}

fn of_positions(one: &CheckpointFile, other: &CheckpointFile) -> Vec<String> {
    let read = |file: &CheckpointFile| -> Option<Position> {
        let mut position: Position = serde_json::from_str(file.metadata.get(POSITION)?).ok()?;
        position.checkpoint = 0;
        if position.is_between_stages() {
            position.recent_accuracies.clear();
            position.recent_losses.clear();
            position.ended = None;
        }
        Some(position)
    };
    let (Some(one), Some(other)) = (read(one), read(other)) else {
        return vec!["the place in the curriculum cannot be read".to_owned()];
    };
    let is_different = [
        ("step", one.step != other.step),
        ("stage", one.stage != other.stage),
        ("stage_step", one.stage_step != other.stage_step),
        (
            "recent_accuracies",
            one.recent_accuracies != other.recent_accuracies,
        ),
        ("recent_losses", one.recent_losses != other.recent_losses),
        ("levels", one.levels != other.levels),
    ];
    let different = is_different.into_iter().filter(|(_, differs)| *differs);
    different
        .map(|(field, _)| format!("`{field}` of the place in the curriculum differs"))
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn file(position: &str, weight: f32) -> Vec<u8> {
        let tensor = NamedTensor {
            name: "w".into(),
            shape: vec![2],
            values: TensorValues::F32(vec![weight, 1.0]),
        };
        CheckpointFile {
            tensors: vec![tensor],
            metadata: [(POSITION.to_owned(), position.to_owned())].into(),
        }
        .to_bytes()
        .unwrap()
    }

    #[test]
    fn what_an_older_version_left_empty_at_the_end_of_a_stage_does_not_count() {
        let older =
            r#"{"step":152,"stage":1,"stage_step":0,"recent_accuracies":[],"checkpoint":2}"#;
        let newer = r#"{"step":152,"stage":1,"stage_step":0,"recent_accuracies":[0.97,0.95],"checkpoint":52}"#;
        let none: [&str; 0] = [];
        assert_eq!(
            differences(&file(older, 0.5), &file(newer, 0.5)).unwrap(),
            none
        );
        let found = differences(&file(older, 0.5), &file(newer, 0.75)).unwrap();
        assert_eq!(
            found,
            ["tensor w differs in 1 of 2 values, by 2.5e-1 at most"]
        );
    }

    #[test]
    fn what_a_stage_depends_on_counts_within_it() {
        let at = |accuracy: &str| {
            format!(
                r#"{{"step":9,"stage":0,"stage_step":9,"recent_accuracies":[{accuracy}],"checkpoint":1}}"#
            )
        };
        let found = differences(&file(&at("0.5"), 1.0), &file(&at("0.25"), 1.0)).unwrap();
        assert_eq!(
            found,
            ["`recent_accuracies` of the place in the curriculum differs"]
        );
    }
}
