//! Rows through Parquet files and back, and files that are damaged, foreign, earlier or later.

#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, RecordBatch, StringArray, UInt32Array};
use arrow_schema::{Field, Schema};
use parquet::arrow::ArrowWriter;
use proptest::prelude::*;

use super::encode::encode;
use super::error::TraceError;
use super::rows::{
    BornRow, EventRow, FixedPointRow, HintRow, LandscapeRow, SpectrumRow, Stability, Status,
    StepRow, TrialRow,
};
use super::schema::SCHEMA_VERSION_KEY;
use super::table::TableFile;
use super::tables::Row;
use crate::nouns::{Found, PointKind};

const PATH: &str = "fixed_points/00000600.parquet";

fn number() -> impl Strategy<Value = f64> {
    prop::num::f64::NORMAL
        | prop::num::f64::SUBNORMAL
        | prop::num::f64::ZERO
        | prop::num::f64::INFINITE
}

fn vector() -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(number(), 0..5)
}

prop_compose! {
    fn fixed_point()(
        (checkpoint, step, point, n_unstable, index) in any::<(u32, u64, u32, u16, i8)>(),
        condition in ".{0,8}",
        kind in prop::sample::select(vec![PointKind::StableNode, PointKind::StableFocus, PointKind::Saddle, PointKind::Repeller, PointKind::Marginal]),
        found in prop::sample::select(vec![Found::Tracked, Found::Searched]),
        (state, readout) in (vector(), vector()),
        (q, multiplier_re, multiplier_im) in (number(), number(), number()),
        (radius, basin_fraction) in (prop::option::of(number()), prop::option::of(number())),
        pc in prop::array::uniform3(number()),
    ) -> FixedPointRow {
        FixedPointRow {
            checkpoint, step, condition, point, kind, state, q, radius, n_unstable, multiplier_re,
            multiplier_im, index, readout, basin_fraction, found, pc,
        }
    }
}

prop_compose! {
    fn landscape()(
        (checkpoint, step, index_sum) in any::<(u32, u64, i32)>(),
        condition in ".{0,8}",
        (n_fixed, n_stable, n_slow, n_from_later, n_starts) in any::<(u32, u32, u32, u32, u32)>(),
        index_expected in any::<Option<i32>>(),
        (unseen_estimate, wall_secs) in (number(), number()),
        (complete, warning) in (".{0,8}", prop::option::of(".{0,12}")),
    ) -> LandscapeRow {
        LandscapeRow {
            checkpoint, step, condition, n_fixed, n_stable, n_slow, n_from_later, n_starts, index_sum, index_expected,
            complete, unseen_estimate, wall_secs, warning,
        }
    }
}

prop_compose! {
    fn trial()(
        (checkpoint, step, trial, time) in any::<(u32, u64, u32, u32)>(),
        (input, target, output, state) in (vector(), vector(), vector(), vector()),
        pc in prop::array::uniform3(number()),
    ) -> TrialRow {
        TrialRow { checkpoint, step, trial, time, input, target, output, state, pc }
    }
}

fn round_trip<R: Row>(rows: &[R]) -> Vec<R> {
    let bytes = encode(rows).unwrap();
    assert_eq!(
        bytes,
        encode(rows).unwrap(),
        "the same rows give the same bytes"
    );
    decode(Path::new(PATH), bytes).unwrap()
}

fn decode<R: Row>(path: &Path, bytes: Vec<u8>) -> Result<Vec<R>, TraceError> {
    TableFile::whole(path, bytes, None)?.rows(None)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn fixed_points_come_back(rows in prop::collection::vec(fixed_point(), 0..20)) {
        prop_assert_eq!(round_trip(&rows), rows);
    }

    #[test]
    fn landscapes_come_back(rows in prop::collection::vec(landscape(), 0..20)) {
        prop_assert_eq!(round_trip(&rows), rows);
    }

    #[test]
    fn no_damage_to_a_file_takes_the_reader_with_it(
        rows in prop::collection::vec(fixed_point(), 1..6),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        in_footer in any::<bool>(),
    ) {
        let mut bytes = encode(&rows).unwrap();
        let length = bytes.len();
        for (place, byte) in changes {
            // The footer is most of a small file, but not of its values.
            let from = if in_footer { length - 2000.min(length) } else { 0 };
            bytes[from + place.index(length - from)] = byte;
        }
        // Whatever it is: rows or an error, and neither a panic nor more memory than there is.
        let _ = decode::<FixedPointRow>(Path::new(PATH), bytes);
    }

    #[test]
    fn trials_come_back(rows in prop::collection::vec(trial(), 0..20)) {
        prop_assert_eq!(round_trip(&rows), rows);
    }
}

fn spectrum_row(rank: u16) -> SpectrumRow {
    SpectrumRow {
        checkpoint: 1,
        step: 2,
        condition: "zero".into(),
        point: 3,
        rank,
        re: 0.5,
        im: -0.25,
    }
}

#[test]
fn more_rows_than_one_batch_come_back_and_a_nan_loss_stays_nan() {
    let spectra: Vec<SpectrumRow> = (0..20_000).map(spectrum_row).collect();
    assert_eq!(round_trip(&spectra), spectra);

    let step = StepRow {
        step: 1,
        stage: 0,
        task: "flip_flop".into(),
        loss: f64::NAN,
        accuracy: 0.5,
        grad_norm: f64::INFINITY,
        learning_rate: 1e-3,
        weight_norm: 7.0,
        wall_secs: 0.1,
        mean_return: None,
    };
    let read = round_trip(std::slice::from_ref(&step));
    assert!(read[0].loss.is_nan());
    assert_eq!(
        StepRow {
            loss: 0.0,
            ..read[0].clone()
        },
        StepRow { loss: 0.0, ..step }
    );
}

/// A file of rows with its batch changed by `change` before it is written.
fn changed<R: Row>(rows: &[R], change: impl Fn(RecordBatch) -> RecordBatch) -> Vec<u8> {
    let batch = change(RecordBatch::try_new(R::TABLE.schema(), R::arrays(rows)).unwrap());
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    bytes
}

/// The same of one eigenvalue.
fn changed_file(change: impl Fn(RecordBatch) -> RecordBatch) -> Vec<u8> {
    changed(&[spectrum_row(0)], change)
}

/// The batch with another array in place of a column, which may then be null.
fn with_array(batch: &RecordBatch, name: &str, array: ArrayRef) -> RecordBatch {
    let schema = batch.schema();
    let at = schema.index_of(name).unwrap();
    let mut fields: Vec<_> = schema.fields().iter().cloned().collect();
    fields[at] = Arc::new(Field::new(name, array.data_type().clone(), true));
    let mut columns = batch.columns().to_vec();
    columns[at] = array;
    let schema = Schema::new_with_metadata(fields, schema.metadata().clone());
    RecordBatch::try_new(Arc::new(schema), columns).unwrap()
}

fn event() -> EventRow {
    EventRow {
        condition: "zero".into(),
        from_step: 100,
        to_step: 200,
        position: 0.5,
        kind: "PD".into(),
        status: Status::Located,
        multiplier_re: -1.0,
        multiplier_im: 0.0,
        coefficient: Some(0.3),
        criticality: Some("supercritical".into()),
        pair_change: 0,
        branches: vec![1],
        state: vec![0.1, 0.2],
        loss: None,
        grad_norm: None,
        born: Some(BornRow {
            side: -1,
            period: 2.0,
            distance: 1e-3,
            amplitude: None,
            predicted: 0.05,
            stability: Stability::Stable,
        }),
        hint: None,
    }
}

#[test]
fn events_of_files_without_the_later_columns_come_back_without_them() {
    let hinted = EventRow {
        kind: "hint SNIC".into(),
        born: None,
        hint: Some(HintRow {
            exponent: -0.5,
            r_squared: 0.999,
        }),
        ..event()
    };
    let rows = [event(), hinted];
    assert_eq!(round_trip(&rows), rows);
    let first: Vec<usize> = (0..15).collect();
    let bytes = changed(&rows, |batch| batch.project(&first).unwrap());
    let read = decode::<EventRow>(Path::new("events.parquet"), bytes).unwrap();
    let without = rows.map(|row| EventRow {
        born: None,
        hint: None,
        ..row
    });
    assert_eq!(read, without);
}

#[test]
fn columns_are_found_by_name_and_a_missing_or_mistyped_one_is_named() {
    let read = |order: &[usize]| {
        decode::<SpectrumRow>(
            Path::new(PATH),
            changed_file(|batch| batch.project(order).unwrap()),
        )
    };
    assert_eq!(read(&[6, 5, 4, 3, 2, 1, 0]).unwrap(), [spectrum_row(0)]);
    let message = read(&[0, 1, 2, 3, 4, 6]).unwrap_err().to_string();
    assert!(
        message.contains(PATH) && message.contains("`re`") && message.contains("missing"),
        "{message}"
    );

    let read = |name: &str, array: ArrayRef| {
        let bytes = changed_file(|batch| with_array(&batch, name, Arc::clone(&array)));
        let error = decode::<SpectrumRow>(Path::new(PATH), bytes).unwrap_err();
        error.to_string()
    };
    let mistyped = read("re", Arc::new(UInt32Array::from(vec![3])));
    assert!(
        mistyped.contains("`re`") && mistyped.contains("Float64") && mistyped.contains("UInt32"),
        "{mistyped}"
    );
    let null = read("im", Arc::new(Float64Array::from(vec![None])));
    assert!(
        null.contains("`im`") && null.contains("without nulls"),
        "{null}"
    );
}

#[test]
fn a_name_that_stands_for_nothing_is_told_with_its_column() {
    let stability = |text: Option<&str>| {
        let array: ArrayRef = Arc::new(StringArray::from(vec![text]));
        let bytes = changed(&[event()], |batch| {
            with_array(&batch, "born_stability", Arc::clone(&array))
        });
        decode::<EventRow>(Path::new("events.parquet"), bytes)
    };
    let message = stability(Some("wobbly")).unwrap_err().to_string();
    assert!(
        message.contains("`born_stability`") && message.contains("`wobbly`"),
        "{message}"
    );
    // Null is no name: nothing is born.
    assert_eq!(stability(None).unwrap()[0].born, None);
    assert_eq!(stability(Some("stable")).unwrap(), [event()]);
}

#[test]
fn a_later_schema_version_is_refused_and_a_foreign_file_is_no_table() {
    let with_version = |version: &str| {
        changed_file(|batch| {
            let fields = batch.schema().fields().clone();
            let schema = Schema::new_with_metadata(fields, [(SCHEMA_VERSION_KEY, version)]);
            RecordBatch::try_new(Arc::new(schema), batch.columns().to_vec()).unwrap()
        })
    };
    let error = decode::<SpectrumRow>(Path::new(PATH), with_version("2")).unwrap_err();
    assert!(
        matches!(
            error,
            TraceError::NewerSchema {
                found: 2,
                supported: 1,
                ..
            }
        ),
        "{error}"
    );
    let error = decode::<SpectrumRow>(Path::new(PATH), with_version("x")).unwrap_err();
    assert!(matches!(error, TraceError::Damaged { .. }), "{error}");
    let error = decode::<SpectrumRow>(Path::new(PATH), b"PAR1 is not enough".to_vec()).unwrap_err();
    assert!(error.to_string().contains(PATH), "{error}");
}
