#![allow(clippy::unwrap_used)]

use std::fs;
use std::io::Write as _;

use proptest::prelude::*;

use super::events::masked_crc;
use super::*;
use crate::trace::rows::StepRow;

/// The rows that a file gives once its training has ended, and what was taken as what.
fn rows(path: &Path) -> (Vec<StepRow>, String, u64) {
    let mut metrics = Metrics::open(path, false).unwrap();
    let mut collector = Collector::new("file", None);
    collector.take(metrics.read().unwrap());
    let rows = collector.rows(true);
    (rows, collector.news().unwrap_or_default(), metrics.unread())
}

fn losses(rows: &[StepRow]) -> Vec<(u64, f64)> {
    rows.iter().map(|row| (row.step, row.loss)).collect()
}

#[test]
fn lightnings_csv_has_several_lines_a_step_and_empty_cells() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("metrics.csv");
    let text = "epoch,step,train_loss,val_acc,val_loss,lr-Adam\r\n\
                0,49,0.5,,,\r\n0,49,,,,0.001\r\n0,99,0.25,,,\r\n0,99,,0.75,0.3,\r\nnot,a,line\n0,149,0.125,,,";
    fs::write(&path, text).unwrap();
    let (told, news, unread) = rows(&path);
    assert_eq!(losses(&told), [(49, 0.5), (99, 0.25)]);
    assert_eq!((told[0].learning_rate, told[1].accuracy), (0.001, 0.75));
    assert!(
        told[0].accuracy.is_nan() && told[1].grad_norm.is_nan() && told[0].mean_return.is_none()
    );
    assert_eq!(unread, 1);
    assert_eq!(
        news,
        "file: `train_loss` as loss, `val_acc` as accuracy, `lr-Adam` as learning_rate"
    );
}

#[test]
fn a_torn_last_line_waits_and_a_step_waits_for_the_next() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log.jsonl");
    let mut file = fs::File::create(&path).unwrap();
    let mut metrics = Metrics::open(&path, false).unwrap();
    let mut collector = Collector::new("log.jsonl", None);
    let mut read = |collector: &mut Collector, text: &str| {
        file.write_all(text.as_bytes()).unwrap();
        collector.take(metrics.read().unwrap());
        losses(&collector.rows(false))
    };
    assert_eq!(
        read(
            &mut collector,
            "{\"step\": 1, \"train\": {\"loss\": 4.0}}\n{\"st"
        ),
        []
    );
    let first = read(&mut collector, "ep\": 2, \"train\": {\"loss\": 3.0}}\n");
    assert_eq!(first, [(1, 4.0)]);
    assert_eq!(
        read(
            &mut collector,
            "{\"step\": 3, \"train\": {\"loss\": NaN}}\n"
        ),
        []
    );
    assert_eq!(
        read(
            &mut collector,
            "{\"step\": 4, \"train\": {\"loss\": 1.0}}\n"
        ),
        [(2, 3.0)]
    );
    // A step before the last that has a row is late, and counted.
    assert_eq!(
        read(
            &mut collector,
            "{\"step\": 1, \"train\": {\"loss\": 9.0}}\n"
        ),
        []
    );
    assert_eq!((collector.late(), metrics.unread()), (1, 1));
    assert_eq!(losses(&collector.rows(true)), [(4, 1.0)]);
    // For a training that begins anew it is the beginning.
    assert_eq!(losses(&collector.anew().rows(true)), [(1, 9.0)]);
}

#[test]
fn a_run_that_is_gone_on_with_keeps_its_columns() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("metrics.csv");
    fs::write(&path, "step,val_loss,acc\n1,4,50\n2,3,75\n").unwrap();
    let mut collector = Collector::new("metrics.csv", None);
    collector.take(Metrics::open(&path, false).unwrap().read().unwrap());
    let first = collector.rows(true);
    assert_eq!(
        (losses(&first), first[1].accuracy),
        (vec![(1, 4.0), (2, 3.0)], 0.75)
    );
    let known = (2, collector.source().clone());
    fs::write(
        &path,
        "step,val_loss,acc,train_loss\n1,4,50,9\n2,3,75,9\n3,2,1,9\n",
    )
    .unwrap();
    let mut resumed = Collector::new("metrics.csv", Some(&known));
    resumed.take(Metrics::open(&path, false).unwrap().read().unwrap());
    let rest = resumed.rows(true);
    assert_eq!((losses(&rest), rest[0].accuracy), (vec![(3, 2.0)], 0.01));
}

#[test]
fn hugging_faces_state_is_read_from_the_newest_checkpoint() {
    let dir = tempfile::tempdir().unwrap();
    let state = |step: u64| {
        let mut rows: Vec<String> = (1..=step / 100)
            .map(|n| {
                let step = 100 * n;
                format!("{{\"epoch\": 0.5, \"loss\": {n}.5, \"grad_norm\": 2.0, \"step\": {step}}}")
            })
            .collect();
        rows.insert(1, "{\"eval_loss\": 7.0, \"step\": 100}".to_owned());
        let folder = dir.path().join(format!("checkpoint-{step}"));
        fs::create_dir(&folder).unwrap();
        let text = format!(
            "{{\"global_step\": {step}, \"log_history\": [{}]}}",
            rows.join(", ")
        );
        fs::write(folder.join("trainer_state.json"), text).unwrap();
    };
    state(100);
    let (mut metrics, told) = find(dir.path(), false).unwrap();
    let mut collector = Collector::new("trainer_state.json", None);
    collector.take(told);
    std::thread::sleep(std::time::Duration::from_millis(20));
    state(300);
    collector.take(metrics.read().unwrap());
    let told = collector.rows(true);
    assert_eq!(losses(&told).last(), Some(&(300, 3.5)));
    assert_eq!(losses(&told)[0], (100, 1.5));
    assert_eq!(told[0].grad_norm, 2.0);
}

/// A field of a protocol buffer.
fn field(number: u8, wire: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![number << 3 | wire];
    if wire == 2 {
        bytes.push(u8::try_from(content.len()).unwrap());
    }
    bytes.extend_from_slice(content);
    bytes
}

fn record(data: &[u8]) -> Vec<u8> {
    let length = (data.len() as u64).to_le_bytes();
    [
        &length[..],
        &masked_crc(&length).to_le_bytes(),
        data,
        &masked_crc(data).to_le_bytes(),
    ]
    .concat()
}

/// An event with a scalar, as TensorFlow 1 and PyTorch write it, or as a tensor.
fn scalar(step: u8, tag: &str, value: f32, is_tensor: bool) -> Vec<u8> {
    let content = if is_tensor {
        field(
            8,
            2,
            &[field(1, 0, &[1]), field(4, 2, &value.to_le_bytes())].concat(),
        )
    } else {
        field(2, 5, &value.to_le_bytes())
    };
    let value = [field(1, 2, tag.as_bytes()), content].concat();
    let wall = (1000.0 + f64::from(step)).to_le_bytes();
    record(
        &[
            field(1, 1, &wall),
            field(2, 0, &[step]),
            field(5, 2, &field(1, 2, &value)),
        ]
        .concat(),
    )
}

#[test]
fn tensorboards_events_are_read_record_by_record() {
    // As the first record of such a file begins: 24 bytes, and their checksum.
    let head = [0x18, 0, 0, 0, 0, 0, 0, 0];
    assert_eq!(masked_crc(&head).to_le_bytes(), [0xa3, 0x7f, 0x4b, 0x22]);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("events.out.tfevents.1700000000.host.1.0");
    let version = record(
        &[
            field(1, 1, &1000.0_f64.to_le_bytes()),
            field(3, 2, b"brain.Event:2"),
        ]
        .concat(),
    );
    let first = [
        version,
        scalar(1, "Loss/train", 4.0, false),
        scalar(1, "Accuracy/train", 0.25, true),
        scalar(2, "Loss/train", 3.0, true),
    ]
    .concat();
    let third = scalar(3, "Loss/train", 2.0, false);
    fs::write(&path, [&first[..], &third[..third.len() - 3]].concat()).unwrap();
    let mut metrics = Metrics::open(&path, false).unwrap();
    let mut collector = Collector::new("events", None);
    collector.take(metrics.read().unwrap());
    let told = collector.rows(true);
    assert_eq!(losses(&told), [(1, 4.0), (2, 3.0)]);
    assert_eq!((told[0].accuracy, told[1].wall_secs), (0.25, 2.0));
    fs::write(&path, [&first[..], &third].concat()).unwrap();
    collector.take(metrics.read().unwrap());
    assert_eq!(losses(&collector.rows(true)), [(3, 2.0)]);
    assert_eq!(metrics.unread(), 0);
    // What follows a damaged record cannot be told apart.
    let mut damaged = [&first[..], &third].concat();
    damaged[first.len() + 20] ^= 1;
    fs::write(&path, damaged).unwrap();
    let (told, _, unread) = rows(&path);
    assert_eq!((told.len(), unread), (2, 1));
}

#[test]
fn files_that_lie_beside_checkpoints_are_found() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("lightning_logs/version_3/checkpoints");
    fs::create_dir_all(&folder).unwrap();
    assert!(find(&folder, false).is_none());
    // Not what has no losses, and the highest version.
    fs::write(folder.join("names.csv"), "step,name\n1,a\n").unwrap();
    let above = dir.path().join("lightning_logs/version_3/metrics.csv");
    fs::write(&above, "step,loss\n1,2\n").unwrap();
    assert_eq!(find(&folder, false).unwrap().0.path(), above);
    assert_eq!(find(dir.path(), false).unwrap().0.path(), above);
    let own = folder.join("anything.jsonl");
    fs::write(&own, "{\"iteration\": 1, \"loss\": 2}\n").unwrap();
    assert_eq!(find(&folder, false).unwrap().0.path(), own);
    let refused = Metrics::open(&folder.join("names.txt"), false).unwrap_err();
    assert!(refused.contains("no such file"), "{refused}");
}

#[test]
fn names_tell_which_number_is_what() {
    let best = |of: Quantity, names: &[&str]| {
        let scored = names
            .iter()
            .filter_map(|name| Some((of.score(name)?, *name)));
        scored.min().map(|(_, name)| name.to_owned())
    };
    let loss = |names: &[&str]| best(Quantity::Loss, names).unwrap_or_default();
    assert_eq!(
        loss(&["val_loss", "train_loss_step", "train_loss_epoch"]),
        "train_loss_step"
    );
    assert_eq!(loss(&["eval/loss", "train/loss"]), "train/loss");
    assert_eq!(loss(&["loss", "train_loss"]), "loss");
    assert_eq!(loss(&["loss_scale", "policy_loss", "lr"]), "policy_loss");
    assert_eq!(loss(&["glossary", "floss"]), "");
    assert_eq!(
        best(Quantity::GradNorm, &["weight_norm", "grad_norm"]).unwrap(),
        "grad_norm"
    );
    assert_eq!(
        best(Quantity::MeanReturn, &["rollout/ep_rew_mean"]).unwrap(),
        "rollout/ep_rew_mean"
    );
    let step = |names: &[&str], in_epochs| columns::step_name(names.iter().copied(), in_epochs);
    assert_eq!(step(&["epoch", "step"], false).unwrap(), "step");
    assert_eq!(step(&["epoch", "step"], true).unwrap(), "epoch");
    assert_eq!(
        step(&["time/total_timesteps", "x"], false).unwrap(),
        "time/total_timesteps"
    );
    assert_eq!(step(&["loss"], false), None);
}

proptest! {
    /// Whatever is in a file, it is read or counted.
    #[test]
    fn no_content_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), kind in 0_usize..4) {
        let dir = tempfile::tempdir().unwrap();
        let name = ["a.csv", "a.jsonl", "a.json", "events.out.tfevents.1"][kind];
        let path = dir.path().join(name);
        fs::write(&path, &bytes).unwrap();
        if let Ok(mut metrics) = Metrics::open(&path, false) {
            let told = metrics.read();
            let mut collector = Collector::new(name, None);
            collector.take(told.unwrap_or_default());
            collector.rows(true);
        }
        // A sound frame around the same.
        let path = dir.path().join("events.out.tfevents.2");
        fs::write(&path, record(&bytes)).unwrap();
        Metrics::open(&path, false).unwrap().read().unwrap();
    }
}
