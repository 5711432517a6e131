//! What a field of a row holds: one value, one that may be absent, or a group of columns.

use arrow_array::{Array, ArrayRef};
use arrow_schema::{DataType, Field};

use super::value::Value;
use crate::trace::columns::Columns;
use crate::trace::error::TraceError;

/// A column as a table declares it; of a group of columns it stands for all of them.
pub(in crate::trace) struct Column<T> {
    name: &'static str,
    unit: &'static str,
    doc: &'static str,
    is_later: bool,
    cells: std::marker::PhantomData<fn() -> T>,
}

/// The same for those that need not know its type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::trace) struct Described {
    /// Name.
    pub(in crate::trace) name: &'static str,
    /// Unit; `1` where there is none.
    pub(in crate::trace) unit: &'static str,
    /// What it means.
    pub(in crate::trace) description: &'static str,
    /// Arrow type.
    pub(in crate::trace) data_type: DataType,
    /// Whether it may be null.
    pub(in crate::trace) is_nullable: bool,
    /// Whether files of earlier versions may lack it; it is then read as null.
    pub(in crate::trace) is_later: bool,
}

impl Described {
    /// The field of the Arrow schema.
    pub(in crate::trace) fn field(&self) -> Field {
        let field = Field::new(self.name, self.data_type.clone(), self.is_nullable);
        field.with_metadata([("unit", self.unit), ("description", self.description)])
    }
}

impl<T> Column<T> {
    /// A column without a unit, of that name, described by a doc comment.
    pub(in crate::trace) const fn new(name: &'static str, doc: &'static str) -> Self {
        Self {
            name,
            unit: "1",
            doc,
            is_later: false,
            cells: std::marker::PhantomData,
        }
    }

    /// The same with a unit.
    pub(in crate::trace) const fn unit(self, unit: &'static str) -> Self {
        Self { unit, ..self }
    }

    /// Name of the column.
    pub(in crate::trace) const fn name(&self) -> &'static str {
        self.name
    }
}

impl<T> Column<Option<T>> {
    /// The same, but it came to the table after files had been written without it.
    pub(in crate::trace) const fn later(self) -> Self {
        Self {
            is_later: true,
            ..self
        }
    }
}

impl<T: Cells> Column<T> {
    /// The column, or each of a group.
    pub(in crate::trace) fn describe(&self) -> Vec<Described> {
        T::describe(self)
    }

    /// The column, or each of a group, of one batch.
    ///
    /// # Errors
    /// It is missing and not a later one, of another type, or null where it must not be.
    pub(in crate::trace) fn read<'a>(
        &self,
        columns: &Columns<'a>,
    ) -> Result<Read<'a, T>, TraceError> {
        T::read(self, columns).map(Read)
    }
}

/// A column, or a group of them, of one batch.
pub(in crate::trace) struct Read<'a, T: Cells>(T::Read<'a>);

impl<'a, T: Cells> Read<'a, T> {
    /// What stands in a row, borrowed from the batch.
    #[inline]
    pub(in crate::trace) fn see(&self, row: usize) -> T::Seen<'a> {
        T::see(&self.0, row)
    }

    /// What stands in a row.
    #[inline]
    pub(in crate::trace) fn value(&self, row: usize) -> T {
        T::owned(T::see(&self.0, row))
    }
}

/// What a field of a row may hold: a [`Value`], an `Option` of one, or an `Option` of a `group!`.
pub(in crate::trace) trait Cells: Sized {
    /// The column, or those of a group, of one batch.
    type Read<'a>;
    /// What stands in a row, borrowed from the batch.
    type Seen<'a>;

    /// The column, or each of a group.
    fn describe(column: &Column<Self>) -> Vec<Described>;

    /// Writes the column, or each of a group, behind `arrays`.
    fn write<'r>(cells: impl Iterator<Item = &'r Self> + Clone, arrays: &mut Vec<ArrayRef>)
    where
        Self: 'r;

    /// The column, or those of a group, of one batch: see [`Column::read`].
    fn read<'a>(column: &Column<Self>, columns: &Columns<'a>)
    -> Result<Self::Read<'a>, TraceError>;

    /// What stands in a row, borrowed from the batch.
    fn see<'a>(read: &Self::Read<'a>, row: usize) -> Self::Seen<'a>;

    /// What stands in a row, by itself.
    fn owned(seen: Self::Seen<'_>) -> Self;
}

fn described<V: Value, T>(column: &Column<T>, is_nullable: bool) -> Vec<Described> {
    vec![Described {
        name: column.name,
        unit: column.unit,
        description: column.doc.trim().trim_end_matches('.'),
        data_type: V::data_type(),
        is_nullable,
        is_later: column.is_later,
    }]
}

impl<V: Value> Cells for V {
    type Read<'a> = V::Column<'a>;
    type Seen<'a> = V::Seen<'a>;

    fn describe(column: &Column<Self>) -> Vec<Described> {
        described::<V, _>(column, false)
    }

    fn write<'r>(cells: impl Iterator<Item = &'r Self> + Clone, arrays: &mut Vec<ArrayRef>)
    where
        Self: 'r,
    {
        arrays.push(V::array(cells.map(Some)));
    }

    fn read<'a>(
        column: &Column<Self>,
        columns: &Columns<'a>,
    ) -> Result<Self::Read<'a>, TraceError> {
        columns.check_no_nulls(column.name)?;
        V::column(columns, column.name)
    }

    #[inline]
    fn see<'a>(read: &Self::Read<'a>, row: usize) -> Self::Seen<'a> {
        V::at(read, row)
    }

    #[inline]
    fn owned(seen: Self::Seen<'_>) -> Self {
        V::own(seen)
    }
}

/// A column that may be null, or missing if it is a later one.
pub(in crate::trace) struct Nullable<'a, V: Value> {
    column: V::Column<'a>,
    /// What knows which rows are null; none if none are.
    nulls: Option<&'a dyn Array>,
}

impl<V: Value> Cells for Option<V> {
    type Read<'a> = Option<Nullable<'a, V>>;
    type Seen<'a> = Option<V::Seen<'a>>;

    fn describe(column: &Column<Self>) -> Vec<Described> {
        described::<V, _>(column, true)
    }

    fn write<'r>(cells: impl Iterator<Item = &'r Self> + Clone, arrays: &mut Vec<ArrayRef>)
    where
        Self: 'r,
    {
        arrays.push(V::array(cells.map(Option::as_ref)));
    }

    fn read<'a>(
        column: &Column<Self>,
        columns: &Columns<'a>,
    ) -> Result<Self::Read<'a>, TraceError> {
        if column.is_later && !columns.has(column.name) {
            return Ok(None);
        }
        let array = columns.any(column.name)?;
        Ok(Some(Nullable {
            column: V::column(columns, column.name)?,
            nulls: (array.null_count() > 0).then_some(array as &dyn Array),
        }))
    }

    #[inline]
    fn see<'a>(read: &Self::Read<'a>, row: usize) -> Self::Seen<'a> {
        let Nullable { column, nulls } = read.as_ref()?;
        let is_valid = nulls.is_none_or(|nulls| nulls.is_valid(row));
        is_valid.then(|| V::at(column, row))
    }

    #[inline]
    fn owned(seen: Self::Seen<'_>) -> Self {
        seen.map(V::own)
    }
}

/// A field of a group. Its column is always one with nulls: of a group that is absent all columns are null.
pub(in crate::trace) trait Member: Sized {
    /// What its column holds.
    type Value: Value;

    /// What its column holds of a group that is there; none is null.
    fn get(&self) -> Option<&Self::Value>;

    /// The field of what its column holds; none if that says that the group is absent.
    fn from_cell(cell: Option<Self::Value>) -> Option<Self>;
}

impl<V: Value> Member for V {
    type Value = V;

    fn get(&self) -> Option<&V> {
        Some(self)
    }

    fn from_cell(cell: Option<V>) -> Option<Self> {
        cell
    }
}

impl<V: Value> Member for Option<V> {
    type Value = V;

    fn get(&self) -> Option<&V> {
        self.as_ref()
    }

    fn from_cell(cell: Option<V>) -> Option<Self> {
        Some(cell)
    }
}
