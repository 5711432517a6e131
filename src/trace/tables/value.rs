//! What a column holds: the types of cells, and how each is stored in an Arrow array and read from one.

use std::sync::Arc;

use arrow_array::builder::{FixedSizeListBuilder, ListBuilder, PrimitiveBuilder};
use arrow_array::types::{
    ArrowPrimitiveType, Float64Type, Int8Type, Int32Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{
    Array as _, ArrayRef, FixedSizeListArray, ListArray, PrimitiveArray, StringArray,
};
use arrow_schema::{DataType, Field};

use crate::nouns::{Found, PointKind};
use crate::trace::columns::Columns;
use crate::trace::error::TraceError;

/// A type that a column can hold; `Option` of it is a column with nulls.
pub(in crate::trace) trait Value: Sized {
    /// A column of one batch, its type checked once.
    type Column<'a>;
    /// A value as long as it is borrowed from its column: a number, `&str`, `&[f64]`.
    type Seen<'a>;

    /// Type of the column.
    fn data_type() -> DataType;

    /// The column of some values; `None` is null.
    fn array<'r>(values: impl Iterator<Item = Option<&'r Self>>) -> ArrayRef
    where
        Self: 'r;

    /// The column of that name.
    fn column<'a>(columns: &Columns<'a>, name: &str) -> Result<Self::Column<'a>, TraceError>;

    /// The value in a row; anything where the column is null.
    fn at<'a>(column: &Self::Column<'a>, row: usize) -> Self::Seen<'a>;

    /// The value by itself.
    fn own(seen: Self::Seen<'_>) -> Self;
}

/// Implements [`Value`] of numbers, each with its Arrow type.
macro_rules! numbers {
    ($($number:ty: $arrow:ty),+ $(,)?) => {$(
        impl Value for $number {
            type Column<'a> = &'a [$number];
            type Seen<'a> = $number;

            fn data_type() -> DataType {
                <$arrow>::DATA_TYPE
            }

            fn array<'r>(values: impl Iterator<Item = Option<&'r Self>>) -> ArrayRef {
                let mut builder = PrimitiveBuilder::<$arrow>::with_capacity(values.size_hint().0);
                values.for_each(|value| builder.append_option(value.copied()));
                Arc::new(builder.finish())
            }

            fn column<'a>(columns: &Columns<'a>, name: &str) -> Result<Self::Column<'a>, TraceError> {
                let array: &PrimitiveArray<$arrow> = columns.array(name, &Self::data_type())?;
                Ok(array.values())
            }

            #[inline]
            fn at<'a>(column: &Self::Column<'a>, row: usize) -> Self::Seen<'a> {
                column[row]
            }

            #[inline]
            fn own(seen: Self) -> Self {
                seen
            }
        }
    )+};
}

numbers! {
    i8: Int8Type,
    i32: Int32Type,
    u16: UInt16Type,
    u32: UInt32Type,
    u64: UInt64Type,
    f64: Float64Type,
}

impl Value for String {
    type Column<'a> = &'a StringArray;
    type Seen<'a> = &'a str;

    fn data_type() -> DataType {
        DataType::Utf8
    }

    fn array<'r>(values: impl Iterator<Item = Option<&'r Self>>) -> ArrayRef {
        let texts: StringArray = values.map(|text| text.map(String::as_str)).collect();
        Arc::new(texts)
    }

    fn column<'a>(columns: &Columns<'a>, name: &str) -> Result<Self::Column<'a>, TraceError> {
        columns.array(name, &Self::data_type())
    }

    #[inline]
    fn at<'a>(column: &Self::Column<'a>, row: usize) -> Self::Seen<'a> {
        column.value(row)
    }

    fn own(seen: &str) -> Self {
        seen.to_owned()
    }
}

/// An element of a list column.
pub(in crate::trace) trait Element: Copy + 'static {
    /// Its Arrow type.
    type Arrow: ArrowPrimitiveType<Native = Self>;

    /// The field inside a list column: never null.
    fn field() -> Arc<Field> {
        Arc::new(Field::new("element", Self::Arrow::DATA_TYPE, false))
    }
}

impl Element for f64 {
    type Arrow = Float64Type;
}

impl Element for u32 {
    type Arrow = UInt32Type;
}

/// A column of lists in one batch.
pub(in crate::trace) struct Lists<'a, E> {
    offsets: &'a [i32],
    elements: &'a [E],
}

impl<E: Element> Value for Vec<E> {
    type Column<'a> = Lists<'a, E>;
    type Seen<'a> = &'a [E];

    fn data_type() -> DataType {
        DataType::List(E::field())
    }

    fn array<'r>(values: impl Iterator<Item = Option<&'r Self>>) -> ArrayRef {
        let elements = PrimitiveBuilder::<E::Arrow>::new();
        let mut builder = ListBuilder::new(elements).with_field(E::field());
        for list in values {
            builder
                .values()
                .append_slice(list.map_or(&[], Vec::as_slice));
            builder.append(list.is_some());
        }
        Arc::new(builder.finish())
    }

    fn column<'a>(columns: &Columns<'a>, name: &str) -> Result<Self::Column<'a>, TraceError> {
        let lists: &ListArray = columns.array(name, &Self::data_type())?;
        Ok(Lists {
            offsets: lists.value_offsets(),
            elements: columns.elements::<E::Arrow>(name, lists.values())?,
        })
    }

    #[inline]
    fn at<'a>(column: &Self::Column<'a>, row: usize) -> Self::Seen<'a> {
        &column.elements[column.offsets[row] as usize..column.offsets[row + 1] as usize]
    }

    fn own(seen: &[E]) -> Self {
        seen.to_vec()
    }
}

impl<const N: usize> Value for [f64; N] {
    type Column<'a> = &'a [[f64; N]];
    type Seen<'a> = [f64; N];

    fn data_type() -> DataType {
        DataType::FixedSizeList(f64::field(), N as i32)
    }

    fn array<'r>(values: impl Iterator<Item = Option<&'r Self>>) -> ArrayRef {
        let elements = PrimitiveBuilder::<Float64Type>::new();
        let mut builder = FixedSizeListBuilder::new(elements, N as i32).with_field(f64::field());
        for list in values {
            builder.values().append_slice(list.unwrap_or(&[0.0; N]));
            builder.append(list.is_some());
        }
        Arc::new(builder.finish())
    }

    fn column<'a>(columns: &Columns<'a>, name: &str) -> Result<Self::Column<'a>, TraceError> {
        let lists: &FixedSizeListArray = columns.array(name, &Self::data_type())?;
        if lists.value_length() as usize != N {
            let expected = format!("a list of {N}");
            return Err(columns.wrong(name, &expected, &lists.data_type().to_string()));
        }
        let elements = columns.elements::<Float64Type>(name, lists.values())?;
        Ok(elements.as_chunks().0)
    }

    #[inline]
    fn at<'a>(column: &Self::Column<'a>, row: usize) -> Self::Seen<'a> {
        column[row]
    }

    #[inline]
    fn own(seen: Self) -> Self {
        seen
    }
}

/// Implements [`Value`] of enums that stand in a text column by name. Each has `name` and `from_name`; the variant given
/// here fills the rows in which the column is null, where nobody looks.
macro_rules! named {
    ($($named:ident: $filler:ident),+ $(,)?) => {$(
        impl $crate::trace::tables::value::Value for $named {
            type Column<'a> = Vec<Self>;
            type Seen<'a> = Self;

            fn data_type() -> arrow_schema::DataType {
                arrow_schema::DataType::Utf8
            }

            fn array<'r>(values: impl Iterator<Item = Option<&'r Self>>) -> arrow_array::ArrayRef {
                let names = values.map(|value| value.map(|value| value.name()));
                std::sync::Arc::new(names.collect::<arrow_array::StringArray>())
            }

            fn column(
                columns: &$crate::trace::columns::Columns<'_>,
                name: &str,
            ) -> Result<Vec<Self>, $crate::trace::error::TraceError> {
                columns.named(name, Self::from_name, Self::$filler)
            }

            #[inline]
            fn at<'a>(column: &Self::Column<'a>, row: usize) -> Self::Seen<'a> {
                column[row]
            }

            #[inline]
            fn own(seen: Self) -> Self {
                seen
            }
        }
    )+};
}
pub(in crate::trace) use named;

named! {
    PointKind: Marginal,
    Found: Searched,
}
