//! What is wrong with a file is told with its place and what would be right.

use super::*;

#[test]
fn every_flaw_of_a_file_is_named_with_its_place_and_what_would_be_right() {
    let files = Files::new();
    let nan = f64::NAN;
    let cases: Vec<(Vec<Array<'_>>, &str)> = vec![
        (
            small(&[("inputs", "(3, 2)", vec![0.0; 6])]),
            "`inputs` of FILE has shape [3, 2]; expected [trials, time, channels]",
        ),
        (
            small(&[("targets", "(2, 2, 1)", vec![0.0; 4])]),
            "`targets` of FILE has shape [2, 2, 1]; expected [3, 2, outputs]",
        ),
        (
            small(&[("mask", "(3, 3)", vec![1.0; 9])]),
            "`mask` of FILE has shape [3, 3]; expected [3, 2] or [3, 2, 1]",
        ),
        (
            small(&[("mask", "(3, 2)", vec![1.0, 1.0, 1.0, -1.0, 1.0, 1.0])]),
            "`mask` of FILE has -1 at trial 1, step 1, channel 0; expected 0 where",
        ),
        (
            small(&[("lengths", "(3,)", vec![2.0, 3.0, 1.0])]),
            "`lengths` of FILE has 3 at trial 1; expected a whole number from 1 to 2",
        ),
        (
            small(&[("lengths", "(2,)", vec![2.0, 2.0])]),
            "`lengths` of FILE has shape [2]; expected [3], one number a trial",
        ),
        (
            small(&[("inputs", "(3, 2, 1)", vec![0.0, 0.0, 0.0, nan, 0.0, 0.0])]),
            "`inputs` of FILE has NaN at trial 1, step 1, channel 0; expected finite",
        ),
        (
            small(&[("targets", "(3, 2, 1)", vec![0.0, 0.0, 0.0, 0.0, nan, 0.0])]),
            "`targets` of FILE has NaN at trial 2, step 0, channel 0; expected finite numbers, or `mask` 0",
        ),
        (
            small(&[("mask", "(3, 2)", vec![1.0, 1.0, 0.0, 0.0, 1.0, 1.0])]),
            "FILE: nothing of trial 1 counts",
        ),
        (
            small(&[("labels", "(3,)", vec![0.0; 3])]),
            "FILE: it has both `targets` and `labels`",
        ),
        (
            vec![
                ("inputs", "(3, 2, 1)", vec![0.0; 6]),
                ("labels", "(3,)", vec![0.0; 3]),
            ],
            "FILE: `labels` go up to 0; expected at least two classes",
        ),
        (
            vec![
                ("inputs", "(3, 2, 1)", vec![0.0; 6]),
                ("labels", "(3,)", vec![0.5; 3]),
            ],
            "`labels` of FILE has 0.5 at trial 0, step 0; expected whole numbers",
        ),
        (
            vec![("inputs", "(3, 2, 1)", vec![0.0; 6])],
            "FILE has no `targets` or `labels`, only `inputs`; expected",
        ),
        (
            vec![("targets", "(3, 2, 1)", vec![0.0; 6])],
            "FILE has no `inputs`, only `targets`; expected",
        ),
        (
            small(&[("masks", "(3, 2)", vec![1.0; 6])]),
            "FILE: it has `masks`, which is not known; did you mean `mask`?",
        ),
        (
            small(&[("conditions", "(3,)", vec![0.0, 0.5, 1.0])]),
            "`conditions` of FILE has 0.5 at trial 1; expected a whole number",
        ),
        (
            small(&[("is_test", "(3,)", vec![1.0; 3])]),
            "key `split`: expected a part of the file that has trials: its `is_test` holds out 3 of its 3",
        ),
    ];
    for (number, (arrays, expected)) in cases.into_iter().enumerate() {
        let path = files.npz(&format!("{number}.npz"), &arrays);
        let message = task(&path, &[]).unwrap_err();
        let expected = expected.replace("FILE", &path.display().to_string());
        assert!(message.contains(&expected), "{message}\nlacks\n{expected}");
    }
    let text = files.path("text.npz");
    std::fs::write(&text, "trial,input\n").unwrap();
    let message = task(&text, &[]).unwrap_err();
    assert!(
        message.contains("it begins as neither an npz file"),
        "{message}"
    );
    let message = task(&files.path("none.npz"), &[]).unwrap_err();
    assert!(
        message.contains("key `file`: expected a file of trials that can be used: cannot read"),
        "{message}"
    );
    let message = curriculum::task("file", &["split=all".parse().unwrap()])
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("key `file`: expected the path of an npz or Parquet file"),
        "{message}"
    );
    // What is behind the end of a trial, or does not count, may be NaN; numbers of no known meaning, too.
    let sound = small(&[
        ("inputs", "(3, 2, 1)", vec![0.0, nan, 0.0, 0.0, 0.0, 0.0]),
        ("targets", "(3, 2, 1)", vec![1.0, nan, nan, 1.0, 1.0, 1.0]),
        ("mask", "(3, 2)", vec![1.0, nan, 0.0, 1.0, 1.0, 1.0]),
        ("lengths", "(3,)", vec![1.0, 2.0, 2.0]),
        ("states", "(1,)", vec![nan]),
    ]);
    let spec = task(&files.npz("sound.npz", &sound), &[]).unwrap();
    let batch = spec.task().batch(30, 1);
    assert!(
        batch
            .inputs
            .iter()
            .chain(&batch.targets)
            .all(|value| value.is_finite())
    );
}

#[test]
fn every_flaw_of_a_table_is_named() {
    let files = Files::new();
    let whole = |values: &[i64]| -> ArrayRef { Arc::new(Int64Array::from(values.to_vec())) };
    let real = |values: &[f64]| -> ArrayRef { Arc::new(Float64Array::from(values.to_vec())) };
    let trial = || ("trial", whole(&[0, 0, 1, 1]));
    let input = || ("input_0", real(&[0.0; 4]));
    let target = || ("target_0", real(&[0.0; 4]));
    let texts: ArrayRef = Arc::new(StringArray::from(vec!["a"; 4]));
    let nulls: ArrayRef = Arc::new(Float64Array::from(vec![Some(1.0), None, None, Some(1.0)]));
    let cases = [
        (
            vec![input(), target()],
            "has no column `trial`, only `input_0`, `target_0`",
        ),
        (vec![trial(), target()], "has no `inputs`, only"),
        (
            vec![trial(), input(), ("target_1", real(&[0.0; 4]))],
            "1 columns `target_…`, and none of them is `target_0`",
        ),
        (
            vec![trial(), input(), ("target_0", texts)],
            "its column `target_0` holds texts; expected numbers",
        ),
        (
            vec![trial(), input(), ("target_0", nulls)],
            "its column `target_0` holds nulls",
        ),
        (
            vec![trial(), input(), target(), ("time", whole(&[0, 0, 0, 1]))],
            "`time` of FILE has 0 at row 1 of trial 0; expected another time",
        ),
        (
            vec![
                trial(),
                input(),
                target(),
                ("condition", whole(&[5, 5, 1, 2])),
            ],
            "`condition` changes within trial 1, in row 3",
        ),
        (
            vec![trial(), input(), target(), ("labels", whole(&[0; 4]))],
            "it has a column `labels`; expected the names of the long form",
        ),
        (
            vec![trial(), input(), target(), ("is_tset", whole(&[0; 4]))],
            "it has `is_tset`, which is not known; did you mean `is_test`?",
        ),
        (
            vec![
                trial(),
                input(),
                target(),
                ("mask", real(&[1.0; 4])),
                ("mask_0", real(&[1.0; 4])),
            ],
            "it has both `mask` and `mask_0`",
        ),
    ];
    for (number, (columns, expected)) in cases.into_iter().enumerate() {
        let path = files.parquet(&format!("{number}.parquet"), columns);
        let message = task(&path, &[]).unwrap_err();
        let expected = expected.replace("FILE", &path.display().to_string());
        assert!(message.contains(&expected), "{message}\nlacks\n{expected}");
    }
    let path = files.path("cut.parquet");
    std::fs::write(&path, b"PAR1 cut short").unwrap();
    let message = task(&path, &[]).unwrap_err();
    assert!(
        message.contains("cut.parquet cannot be read: "),
        "{message}"
    );
}
