//! The columns of each row type: the one place where a field and its column meet.

use std::sync::Arc;

use arrow_array::builder::{FixedSizeListBuilder, Float64Builder, ListBuilder, UInt32Builder};
use arrow_array::{
    Array, ArrayRef, Float64Array, Int8Array, Int32Array, StringArray, UInt16Array, UInt32Array,
    UInt64Array,
};

use super::error::TraceError;
use super::rows::{
    BornRow, BranchRow, EvaluationRow, EventRow, FixedPointRow, Found, HintRow, Kind, LandscapeRow,
    Matched, SlowPointRow, SpectrumRow, StepRow, TrialRow,
};
use super::schema::{PROJECTION_DIMS, Table, identity_element, list_element};
use super::table::{Columns, Row};

/// Names in the column `status` of `events`.
const LOCATED: &str = "located";
const BRACKETED: &str = "bracketed";
/// Names in its column `born_stability`.
const STABLE: &str = "stable";
const UNSTABLE: &str = "unstable";

fn column<R, A: Array + FromIterator<T> + 'static, T>(
    rows: &[R],
    value: impl Fn(&R) -> T,
) -> ArrayRef {
    Arc::new(rows.iter().map(value).collect::<A>())
}

/// A column of numbers without nulls.
macro_rules! numbers {
    ($array:ty, $rows:expr, $field:ident) => {
        Arc::new(<$array>::from_iter_values(
            $rows.iter().map(|row| row.$field),
        )) as ArrayRef
    };
}

fn texts<R>(rows: &[R], value: impl Fn(&R) -> &str) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(rows.iter().map(value)))
}

fn vectors<R>(rows: &[R], value: impl Fn(&R) -> &[f64]) -> ArrayRef {
    let mut builder = ListBuilder::new(Float64Builder::new()).with_field(list_element());
    for row in rows {
        builder.values().append_slice(value(row));
        builder.append(true);
    }
    Arc::new(builder.finish())
}

fn identities<R>(rows: &[R], value: impl Fn(&R) -> &[u32]) -> ArrayRef {
    let mut builder = ListBuilder::new(UInt32Builder::new()).with_field(identity_element());
    for row in rows {
        builder.values().append_slice(value(row));
        builder.append(true);
    }
    Arc::new(builder.finish())
}

fn projections<R>(rows: &[R], value: impl Fn(&R) -> [f64; 3]) -> ArrayRef {
    let mut builder = FixedSizeListBuilder::new(Float64Builder::new(), PROJECTION_DIMS)
        .with_field(list_element());
    for row in rows {
        builder.values().append_slice(&value(row));
        builder.append(true);
    }
    Arc::new(builder.finish())
}

impl Row for StepRow {
    const TABLE: Table = Table::Steps;

    fn columns(rows: &[Self]) -> Vec<ArrayRef> {
        vec![
            numbers!(UInt64Array, rows, step),
            numbers!(UInt32Array, rows, stage),
            texts(rows, |row| &row.task),
            numbers!(Float64Array, rows, loss),
            numbers!(Float64Array, rows, accuracy),
            numbers!(Float64Array, rows, grad_norm),
            numbers!(Float64Array, rows, learning_rate),
            numbers!(Float64Array, rows, weight_norm),
            numbers!(Float64Array, rows, wall_secs),
        ]
    }

    fn from_columns(columns: &Columns) -> Result<Vec<Self>, TraceError> {
        let step: &UInt64Array = columns.required("step")?;
        let stage: &UInt32Array = columns.required("stage")?;
        let task = columns.texts("task")?;
        let loss: &Float64Array = columns.required("loss")?;
        let accuracy: &Float64Array = columns.required("accuracy")?;
        let grad_norm: &Float64Array = columns.required("grad_norm")?;
        let learning_rate: &Float64Array = columns.required("learning_rate")?;
        let weight_norm: &Float64Array = columns.required("weight_norm")?;
        let wall_secs: &Float64Array = columns.required("wall_secs")?;
        let row = |i| Self {
            step: step.value(i),
            stage: stage.value(i),
            task: task.value(i).to_owned(),
            loss: loss.value(i),
            accuracy: accuracy.value(i),
            grad_norm: grad_norm.value(i),
            learning_rate: learning_rate.value(i),
            weight_norm: weight_norm.value(i),
            wall_secs: wall_secs.value(i),
        };
        Ok((0..columns.row_count()).map(row).collect())
    }
}

impl Row for LandscapeRow {
    const TABLE: Table = Table::Landscapes;

    fn columns(rows: &[Self]) -> Vec<ArrayRef> {
        vec![
            numbers!(UInt32Array, rows, checkpoint),
            numbers!(UInt64Array, rows, step),
            texts(rows, |row| &row.condition),
            numbers!(UInt32Array, rows, n_fixed),
            numbers!(UInt32Array, rows, n_stable),
            numbers!(UInt32Array, rows, n_slow),
            numbers!(UInt32Array, rows, n_from_later),
            numbers!(UInt32Array, rows, n_starts),
            numbers!(Int32Array, rows, index_sum),
            column::<_, Int32Array, _>(rows, |row| row.index_expected),
            texts(rows, |row| &row.complete),
            numbers!(Float64Array, rows, unseen_estimate),
            numbers!(Float64Array, rows, wall_secs),
            column::<_, StringArray, _>(rows, |row| row.warning.clone()),
        ]
    }

    fn from_columns(columns: &Columns) -> Result<Vec<Self>, TraceError> {
        let checkpoint: &UInt32Array = columns.required("checkpoint")?;
        let step: &UInt64Array = columns.required("step")?;
        let condition = columns.texts("condition")?;
        let n_fixed: &UInt32Array = columns.required("n_fixed")?;
        let n_stable: &UInt32Array = columns.required("n_stable")?;
        let n_slow: &UInt32Array = columns.required("n_slow")?;
        let n_from_later: &UInt32Array = columns.required("n_from_later")?;
        let n_starts: &UInt32Array = columns.required("n_starts")?;
        let index_sum: &Int32Array = columns.required("index_sum")?;
        let index_expected: &Int32Array = columns.nullable("index_expected")?;
        let complete = columns.texts("complete")?;
        let unseen_estimate: &Float64Array = columns.required("unseen_estimate")?;
        let wall_secs: &Float64Array = columns.required("wall_secs")?;
        let warning: &StringArray = columns.nullable("warning")?;
        let row = |i| Self {
            checkpoint: checkpoint.value(i),
            step: step.value(i),
            condition: condition.value(i).to_owned(),
            n_fixed: n_fixed.value(i),
            n_stable: n_stable.value(i),
            n_slow: n_slow.value(i),
            n_from_later: n_from_later.value(i),
            n_starts: n_starts.value(i),
            index_sum: index_sum.value(i),
            index_expected: index_expected.is_valid(i).then(|| index_expected.value(i)),
            complete: complete.value(i).to_owned(),
            unseen_estimate: unseen_estimate.value(i),
            wall_secs: wall_secs.value(i),
            warning: warning.is_valid(i).then(|| warning.value(i).to_owned()),
        };
        Ok((0..columns.row_count()).map(row).collect())
    }
}

impl Row for FixedPointRow {
    const TABLE: Table = Table::FixedPoints;

    fn columns(rows: &[Self]) -> Vec<ArrayRef> {
        vec![
            numbers!(UInt32Array, rows, checkpoint),
            numbers!(UInt64Array, rows, step),
            texts(rows, |row| &row.condition),
            numbers!(UInt32Array, rows, point),
            texts(rows, |row| row.kind.name()),
            vectors(rows, |row| &row.state),
            numbers!(Float64Array, rows, q),
            column::<_, Float64Array, _>(rows, |row| row.radius),
            numbers!(UInt16Array, rows, n_unstable),
            numbers!(Float64Array, rows, multiplier_re),
            numbers!(Float64Array, rows, multiplier_im),
            numbers!(Int8Array, rows, index),
            vectors(rows, |row| &row.readout),
            column::<_, Float64Array, _>(rows, |row| row.basin_fraction),
            texts(rows, |row| row.found.name()),
            projections(rows, |row| row.pc),
        ]
    }

    fn from_columns(columns: &Columns) -> Result<Vec<Self>, TraceError> {
        let checkpoint: &UInt32Array = columns.required("checkpoint")?;
        let step: &UInt64Array = columns.required("step")?;
        let condition = columns.texts("condition")?;
        let point: &UInt32Array = columns.required("point")?;
        let kind = columns.texts("kind")?;
        let state = columns.vectors("state")?;
        let q: &Float64Array = columns.required("q")?;
        let radius: &Float64Array = columns.nullable("radius")?;
        let n_unstable: &UInt16Array = columns.required("n_unstable")?;
        let multiplier_re: &Float64Array = columns.required("multiplier_re")?;
        let multiplier_im: &Float64Array = columns.required("multiplier_im")?;
        let index: &Int8Array = columns.required("index")?;
        let readout = columns.vectors("readout")?;
        let basin_fraction: &Float64Array = columns.nullable("basin_fraction")?;
        let found = columns.texts("found")?;
        let pc = columns.projections("pc")?;
        let row = |i| {
            Ok(Self {
                checkpoint: checkpoint.value(i),
                step: step.value(i),
                condition: condition.value(i).to_owned(),
                point: point.value(i),
                kind: columns.parsed("kind", kind.value(i), Kind::from_name)?,
                state: state.value(i),
                q: q.value(i),
                radius: radius.is_valid(i).then(|| radius.value(i)),
                n_unstable: n_unstable.value(i),
                multiplier_re: multiplier_re.value(i),
                multiplier_im: multiplier_im.value(i),
                index: index.value(i),
                readout: readout.value(i),
                basin_fraction: basin_fraction.is_valid(i).then(|| basin_fraction.value(i)),
                found: columns.parsed("found", found.value(i), Found::from_name)?,
                pc: pc[i],
            })
        };
        (0..columns.row_count()).map(row).collect()
    }
}

impl Row for SlowPointRow {
    const TABLE: Table = Table::SlowPoints;

    fn columns(rows: &[Self]) -> Vec<ArrayRef> {
        vec![
            numbers!(UInt32Array, rows, checkpoint),
            numbers!(UInt64Array, rows, step),
            texts(rows, |row| &row.condition),
            vectors(rows, |row| &row.state),
            numbers!(Float64Array, rows, q),
            numbers!(Float64Array, rows, smallest_singular_value),
            numbers!(Float64Array, rows, alignment),
            column::<_, Float64Array, _>(rows, |row| row.passage_steps),
            numbers!(UInt16Array, rows, n_unstable),
            numbers!(Float64Array, rows, multiplier_re),
            numbers!(Float64Array, rows, multiplier_im),
            vectors(rows, |row| &row.readout),
            projections(rows, |row| row.pc),
        ]
    }

    fn from_columns(columns: &Columns) -> Result<Vec<Self>, TraceError> {
        let checkpoint: &UInt32Array = columns.required("checkpoint")?;
        let step: &UInt64Array = columns.required("step")?;
        let condition = columns.texts("condition")?;
        let state = columns.vectors("state")?;
        let q: &Float64Array = columns.required("q")?;
        let smallest_singular_value: &Float64Array = columns.required("smallest_singular_value")?;
        let alignment: &Float64Array = columns.required("alignment")?;
        let passage_steps: &Float64Array = columns.nullable("passage_steps")?;
        let n_unstable: &UInt16Array = columns.required("n_unstable")?;
        let multiplier_re: &Float64Array = columns.required("multiplier_re")?;
        let multiplier_im: &Float64Array = columns.required("multiplier_im")?;
        let readout = columns.vectors("readout")?;
        let pc = columns.projections("pc")?;
        let row = |i| Self {
            checkpoint: checkpoint.value(i),
            step: step.value(i),
            condition: condition.value(i).to_owned(),
            state: state.value(i),
            q: q.value(i),
            smallest_singular_value: smallest_singular_value.value(i),
            alignment: alignment.value(i),
            passage_steps: passage_steps.is_valid(i).then(|| passage_steps.value(i)),
            n_unstable: n_unstable.value(i),
            multiplier_re: multiplier_re.value(i),
            multiplier_im: multiplier_im.value(i),
            readout: readout.value(i),
            pc: pc[i],
        };
        Ok((0..columns.row_count()).map(row).collect())
    }
}

impl Row for SpectrumRow {
    const TABLE: Table = Table::Spectra;

    fn columns(rows: &[Self]) -> Vec<ArrayRef> {
        vec![
            numbers!(UInt32Array, rows, checkpoint),
            numbers!(UInt64Array, rows, step),
            texts(rows, |row| &row.condition),
            numbers!(UInt32Array, rows, point),
            numbers!(UInt16Array, rows, rank),
            numbers!(Float64Array, rows, re),
            numbers!(Float64Array, rows, im),
        ]
    }

    fn from_columns(columns: &Columns) -> Result<Vec<Self>, TraceError> {
        let checkpoint: &UInt32Array = columns.required("checkpoint")?;
        let step: &UInt64Array = columns.required("step")?;
        let condition = columns.texts("condition")?;
        let point: &UInt32Array = columns.required("point")?;
        let rank: &UInt16Array = columns.required("rank")?;
        let re: &Float64Array = columns.required("re")?;
        let im: &Float64Array = columns.required("im")?;
        let row = |i| Self {
            checkpoint: checkpoint.value(i),
            step: step.value(i),
            condition: condition.value(i).to_owned(),
            point: point.value(i),
            rank: rank.value(i),
            re: re.value(i),
            im: im.value(i),
        };
        Ok((0..columns.row_count()).map(row).collect())
    }
}

impl Row for EvaluationRow {
    const TABLE: Table = Table::Evaluations;

    fn columns(rows: &[Self]) -> Vec<ArrayRef> {
        vec![
            numbers!(UInt32Array, rows, checkpoint),
            numbers!(UInt64Array, rows, step),
            texts(rows, |row| &row.probe),
            numbers!(Float64Array, rows, loss),
            numbers!(Float64Array, rows, accuracy),
        ]
    }

    fn from_columns(columns: &Columns) -> Result<Vec<Self>, TraceError> {
        let checkpoint: &UInt32Array = columns.required("checkpoint")?;
        let step: &UInt64Array = columns.required("step")?;
        let probe = columns.texts("probe")?;
        let loss: &Float64Array = columns.required("loss")?;
        let accuracy: &Float64Array = columns.required("accuracy")?;
        let row = |i| Self {
            checkpoint: checkpoint.value(i),
            step: step.value(i),
            probe: probe.value(i).to_owned(),
            loss: loss.value(i),
            accuracy: accuracy.value(i),
        };
        Ok((0..columns.row_count()).map(row).collect())
    }
}

impl Row for TrialRow {
    const TABLE: Table = Table::Trials;

    fn columns(rows: &[Self]) -> Vec<ArrayRef> {
        vec![
            numbers!(UInt32Array, rows, checkpoint),
            numbers!(UInt64Array, rows, step),
            numbers!(UInt32Array, rows, trial),
            numbers!(UInt32Array, rows, time),
            vectors(rows, |row| &row.input),
            vectors(rows, |row| &row.target),
            vectors(rows, |row| &row.output),
            vectors(rows, |row| &row.state),
            projections(rows, |row| row.pc),
        ]
    }

    fn from_columns(columns: &Columns) -> Result<Vec<Self>, TraceError> {
        let checkpoint: &UInt32Array = columns.required("checkpoint")?;
        let step: &UInt64Array = columns.required("step")?;
        let trial: &UInt32Array = columns.required("trial")?;
        let time: &UInt32Array = columns.required("time")?;
        let input = columns.vectors("input")?;
        let target = columns.vectors("target")?;
        let output = columns.vectors("output")?;
        let state = columns.vectors("state")?;
        let pc = columns.projections("pc")?;
        let row = |i| Self {
            checkpoint: checkpoint.value(i),
            step: step.value(i),
            trial: trial.value(i),
            time: time.value(i),
            input: input.value(i),
            target: target.value(i),
            output: output.value(i),
            state: state.value(i),
            pc: pc[i],
        };
        Ok((0..columns.row_count()).map(row).collect())
    }
}

impl Row for EventRow {
    const TABLE: Table = Table::Events;

    fn columns(rows: &[Self]) -> Vec<ArrayRef> {
        vec![
            texts(rows, |row| &row.condition),
            numbers!(UInt64Array, rows, from_step),
            numbers!(UInt64Array, rows, to_step),
            numbers!(Float64Array, rows, position),
            texts(rows, |row| &row.kind),
            texts(rows, |row| if row.is_located { LOCATED } else { BRACKETED }),
            numbers!(Float64Array, rows, multiplier_re),
            numbers!(Float64Array, rows, multiplier_im),
            column::<_, Float64Array, _>(rows, |row| row.coefficient),
            column::<_, StringArray, _>(rows, |row| row.criticality.clone()),
            numbers!(Int8Array, rows, pair_change),
            identities(rows, |row| &row.branches),
            vectors(rows, |row| &row.state),
            column::<_, Float64Array, _>(rows, |row| row.loss),
            column::<_, Float64Array, _>(rows, |row| row.grad_norm),
            column::<_, Int8Array, _>(rows, |row| row.born.map(|born| born.side)),
            column::<_, Float64Array, _>(rows, |row| row.born.map(|born| born.period)),
            column::<_, Float64Array, _>(rows, |row| row.born.map(|born| born.distance)),
            column::<_, Float64Array, _>(rows, |row| row.born.and_then(|born| born.amplitude)),
            column::<_, Float64Array, _>(rows, |row| row.born.map(|born| born.predicted)),
            column::<_, StringArray, _>(rows, |row| {
                let name = |born: BornRow| if born.is_stable { STABLE } else { UNSTABLE };
                row.born.map(name)
            }),
            column::<_, Float64Array, _>(rows, |row| row.hint.map(|hint| hint.exponent)),
            column::<_, Float64Array, _>(rows, |row| row.hint.map(|hint| hint.r_squared)),
        ]
    }

    fn from_columns(columns: &Columns) -> Result<Vec<Self>, TraceError> {
        let condition = columns.texts("condition")?;
        let from_step: &UInt64Array = columns.required("from_step")?;
        let to_step: &UInt64Array = columns.required("to_step")?;
        let position: &Float64Array = columns.required("position")?;
        let kind = columns.texts("kind")?;
        let status = columns.texts("status")?;
        let multiplier_re: &Float64Array = columns.required("multiplier_re")?;
        let multiplier_im: &Float64Array = columns.required("multiplier_im")?;
        let coefficient: &Float64Array = columns.nullable("coefficient")?;
        let criticality: &StringArray = columns.nullable("criticality")?;
        let pair_change: &Int8Array = columns.required("pair_change")?;
        let branches = columns.identities("branches")?;
        let state = columns.vectors("state")?;
        let loss: &Float64Array = columns.nullable("loss")?;
        let grad_norm: &Float64Array = columns.nullable("grad_norm")?;
        let born = born(columns)?;
        let hint = hint(columns)?;
        let row = |i| Self {
            condition: condition.value(i).to_owned(),
            from_step: from_step.value(i),
            to_step: to_step.value(i),
            position: position.value(i),
            kind: kind.value(i).to_owned(),
            is_located: status.value(i) == LOCATED,
            multiplier_re: multiplier_re.value(i),
            multiplier_im: multiplier_im.value(i),
            coefficient: coefficient.is_valid(i).then(|| coefficient.value(i)),
            criticality: criticality
                .is_valid(i)
                .then(|| criticality.value(i).to_owned()),
            pair_change: pair_change.value(i),
            branches: branches.value(i),
            state: state.value(i),
            loss: loss.is_valid(i).then(|| loss.value(i)),
            grad_norm: grad_norm.is_valid(i).then(|| grad_norm.value(i)),
            born: born(i),
            hint: hint(i),
        };
        Ok((0..columns.row_count()).map(row).collect())
    }
}

/// What the columns `born_…` say of each row; nothing in files that were written before there were any.
fn born<'a>(columns: &Columns<'a>) -> Result<impl Fn(usize) -> Option<BornRow> + 'a, TraceError> {
    let side: Option<&Int8Array> = columns.later("born_side")?;
    let stability: Option<&StringArray> = columns.later("born_stability")?;
    let [period, distance, amplitude, predicted] = [
        columns.later("born_period")?,
        columns.later("born_distance")?,
        columns.later("born_amplitude")?,
        columns.later("born_predicted")?,
    ];
    Ok(move |i| {
        Some(BornRow {
            side: side.filter(|side| side.is_valid(i))?.value(i),
            period: later_number(period, i)?,
            distance: later_number(distance, i)?,
            amplitude: later_number(amplitude, i),
            predicted: later_number(predicted, i)?,
            is_stable: stability.filter(|of| of.is_valid(i))?.value(i) == STABLE,
        })
    })
}

/// The same of the columns `hint_…`.
fn hint<'a>(columns: &Columns<'a>) -> Result<impl Fn(usize) -> Option<HintRow> + 'a, TraceError> {
    let exponent = columns.later("hint_exponent")?;
    let r_squared = columns.later("hint_r_squared")?;
    Ok(move |i| {
        Some(HintRow {
            exponent: later_number(exponent, i)?,
            r_squared: later_number(r_squared, i)?,
        })
    })
}

fn later_number(column: Option<&Float64Array>, i: usize) -> Option<f64> {
    column
        .filter(|column| column.is_valid(i))
        .map(|column| column.value(i))
}

impl Row for BranchRow {
    const TABLE: Table = Table::Branches;

    fn columns(rows: &[Self]) -> Vec<ArrayRef> {
        vec![
            texts(rows, |row| &row.condition),
            numbers!(UInt32Array, rows, branch),
            numbers!(UInt32Array, rows, checkpoint),
            numbers!(UInt64Array, rows, step),
            column::<_, UInt32Array, _>(rows, |row| row.point),
            texts(rows, |row| row.matched.name()),
            column::<_, UInt32Array, _>(rows, |row| row.born_with),
            column::<_, UInt32Array, _>(rows, |row| row.dies_with),
            numbers!(Int8Array, rows, index),
            numbers!(UInt16Array, rows, n_unstable),
            vectors(rows, |row| &row.state),
        ]
    }

    fn from_columns(columns: &Columns) -> Result<Vec<Self>, TraceError> {
        let condition = columns.texts("condition")?;
        let branch: &UInt32Array = columns.required("branch")?;
        let checkpoint: &UInt32Array = columns.required("checkpoint")?;
        let step: &UInt64Array = columns.required("step")?;
        let point: &UInt32Array = columns.nullable("point")?;
        let matched = columns.texts("matched")?;
        let born_with: &UInt32Array = columns.nullable("born_with")?;
        let dies_with: &UInt32Array = columns.nullable("dies_with")?;
        let index: &Int8Array = columns.required("index")?;
        let n_unstable: &UInt16Array = columns.required("n_unstable")?;
        let state = columns.vectors("state")?;
        let some = |array: &UInt32Array, i: usize| array.is_valid(i).then(|| array.value(i));
        let row = |i: usize| {
            Ok(Self {
                condition: condition.value(i).to_owned(),
                branch: branch.value(i),
                checkpoint: checkpoint.value(i),
                step: step.value(i),
                point: some(point, i),
                matched: columns.parsed("matched", matched.value(i), Matched::from_name)?,
                born_with: some(born_with, i),
                dies_with: some(dies_with, i),
                index: index.value(i),
                n_unstable: n_unstable.value(i),
                state: state.value(i),
            })
        };
        (0..columns.row_count()).map(row).collect()
    }
}
