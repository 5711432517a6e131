//! npz and Parquet, as this program, NumPy and pandas write them.

use super::*;

#[test]
fn npz_and_parquet_give_the_same_trials() {
    let files = Files::new();
    // Three trials of 3, 1 and 2 steps, two inputs.
    let lengths = [3, 1, 2];
    let input =
        |trial: usize, step: usize, channel: usize| (100 * trial + 10 * step + channel) as f64;
    let target = |trial: usize, step: usize| {
        if trial == 1 {
            f64::NAN
        } else {
            0.5 * (trial + step) as f64
        }
    };
    let mask = |trial: usize, step: usize| f64::from(u8::from(trial != 1 || step != 0));
    let padded = |of: &dyn Fn(usize, usize) -> f64| -> Vec<f64> {
        let places = (0..3).flat_map(|trial| (0..3).map(move |step| (trial, step)));
        places
            .map(|(trial, step)| {
                if step < lengths[trial] {
                    of(trial, step)
                } else {
                    f64::NAN
                }
            })
            .collect()
    };
    let inputs = padded(&|trial, step| input(trial, step, 0))
        .into_iter()
        .zip(padded(&|trial, step| input(trial, step, 1)));
    let arrays = [
        (
            "inputs",
            "(3, 3, 2)",
            inputs.flat_map(|(a, b)| [a, b]).collect(),
        ),
        (
            "targets",
            "(3, 3, 2)",
            padded(&target).into_iter().flat_map(|y| [y, 1.0]).collect(),
        ),
        (
            "mask",
            "(3, 3, 2)",
            padded(&mask).into_iter().flat_map(|w| [w, 1.0]).collect(),
        ),
        ("lengths", "(3,)", lengths.map(|of| of as f64).to_vec()),
        ("conditions", "(3,)", vec![0.0, 1.0, 0.0]),
        ("is_test", "(3,)", vec![0.0, 1.0, 0.0]),
    ];
    let npz = files.npz("trials.npz", &arrays);
    // The rows of all trials mixed, and out of order.
    let rows = [(2, 1), (0, 2), (1, 0), (0, 0), (2, 0), (0, 1)];
    let names = ["a", "b", "c"];
    let floats = |of: &dyn Fn(usize, usize) -> f64| -> ArrayRef {
        Arc::new(Float64Array::from_iter_values(
            rows.map(|(trial, step)| of(trial, step)),
        ))
    };
    let order = [2, 0, 1];
    let columns: Vec<(&str, ArrayRef)> = vec![
        (
            "trial",
            Arc::new(StringArray::from_iter_values(
                rows.map(|(trial, _)| names[trial]),
            )),
        ),
        (
            "time",
            Arc::new(Int64Array::from_iter_values(
                rows.map(|(_, step)| 20 * step as i64 - 7),
            )),
        ),
        (
            "input_0",
            Arc::new(Float32Array::from_iter_values(
                rows.map(|(trial, step)| input(trial, step, 0) as f32),
            )),
        ),
        ("input_1", floats(&|trial, step| input(trial, step, 1))),
        ("target_0", floats(&target)),
        ("target_1", floats(&|_, _| 1.0)),
        ("mask_0", floats(&mask)),
        ("mask_1", floats(&|_, _| 1.0)),
        (
            "condition",
            Arc::new(StringArray::from_iter_values(
                rows.map(|(trial, _)| ["left", "right", "left"][trial]),
            )),
        ),
        (
            "is_test",
            Arc::new(BooleanArray::from_iter(
                rows.map(|(trial, _)| Some(trial == 1)),
            )),
        ),
        ("reaction_time", floats(&|_, _| f64::NAN)),
    ];
    let parquet = files.parquet("trials.parquet", columns);
    let specs = [npz, parquet].map(|path| task(&path, &["split=all"]).unwrap());
    let [from_npz, from_parquet] = [0, 1].map(|of: usize| file_task(&specs[of]));
    let (a, b) = (from_npz.trials(), from_parquet.trials());
    assert_eq!(
        (a.shape(), a.shape()),
        (
            b.shape(),
            "trials 3, steps 3, inputs 2, outputs 2".to_owned()
        )
    );
    for (number, &trial) in order.iter().enumerate() {
        assert_eq!(a.length(trial), b.length(number));
        assert_eq!(a.is_test().unwrap()[trial], b.is_test().unwrap()[number]);
        for step in 0..3 {
            assert_eq!(a.input_row(trial, step), b.input_row(number, step));
            for channel in 0..2 {
                assert_eq!(
                    a.target(trial, step, channel),
                    b.target(number, step, channel)
                );
                assert_eq!(
                    a.weight(trial, step, channel),
                    b.weight(number, step, channel)
                );
            }
        }
    }
    assert!(specs[0].task().ends_early());
    let [npz_probes, parquet_probes] = [0, 1].map(|of: usize| specs[of].task().probes(3));
    assert_eq!(npz_probes[0], Probe::new("condition 0", &[115.0, 116.0], 3));
    assert_eq!(parquet_probes[0], Probe::new("left", &[115.0, 116.0], 3));
    assert_eq!(parquet_probes[1], Probe::new("right", &[100.0, 101.0], 3));
    assert_eq!(npz_probes[1].input, parquet_probes[1].input);
}

#[test]
fn names_and_truth_values_that_numpy_wrote_are_read() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("curricula/data/perceptual-decision.npz");
    let spec = task(&path, &["score=decision"]).unwrap();
    let names: Vec<String> = spec
        .task()
        .probes(2)
        .into_iter()
        .map(|probe| probe.name)
        .collect();
    assert_eq!(
        names,
        [
            "coherence -0.4",
            "coherence -0.1",
            "coherence 0.1",
            "coherence 0.4"
        ]
    );
    let probes = spec.task().probes(2);
    // The means of 40 last steps with noise of 0.3 each.
    for (probe, coherence) in probes.iter().zip([-0.4, -0.1, 0.1, 0.4]) {
        let expected = [0.5 + coherence / 2.0, 0.5 - coherence / 2.0];
        assert!(
            probe
                .input
                .iter()
                .zip(expected)
                .all(|(found, of)| (found - of).abs() < 0.2),
            "{probe:?}"
        );
    }
    assert_eq!(file_task(&spec).drawn().len(), 128);
    assert_eq!(spec.task().chance(), 0.5);
}

#[test]
fn what_numpy_and_pandas_wrote_are_the_same_trials() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/own_data");
    let specs = ["trials.npz", "trials.parquet"]
        .map(|name| task(&folder.join(name), &["split=train", "noise=0.1"]).unwrap());
    let [npz, parquet] = [0, 1].map(|of: usize| specs[of].task().batch(40, 6));
    assert_eq!(npz, parquet);
    assert_eq!(specs[0].task().probes(2), specs[1].task().probes(2));
    assert_eq!(specs[1].task().probes(2)[1].name, "rechts Δ");
    let set = file_task(&specs[1]).trials();
    assert_eq!(set.shape(), "trials 4, steps 5, inputs 2, outputs 3");
    assert_eq!(file_task(&specs[1]).drawn(), [0, 1, 3]);
    assert_eq!(set.input_row(3, 4), [4.75, 4.875]);
    let counted: Vec<f64> = set.counted(2, 1).collect();
    assert_eq!(counted, [1.0, 1.0]);
}
