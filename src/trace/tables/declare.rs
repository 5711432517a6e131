//! The declaration of a table: one macro call makes its row type, its schema, its writer and its reader.
//!
//! ```ignore
//! table! {
//!     // What one row is.
//!     /// One training step.
//!     // Name of the table, and of its folder or file.
//!     #[table = "steps"]
//!     // The columns that say whose row it is, and how: see `Belonging`. A table may have none.
//!     #[belongs(step = UpToStep)]
//!     pub struct StepRow {
//!         // Documentation of the field, and without its last full stop the description of the column.
//!         /// Training step, counted from 1.
//!         // Unit of the column; `1` if there is none.
//!         #[unit = "training step"]
//!         pub step: u64,
//!         /// Learning rate of this step.
//!         // Files that were written before there was the column lack it. It must be an `Option`.
//!         #[later]
//!         pub learning_rate: Option<f64>,
//!     }
//! }
//! ```
//!
//! A column has the name of its field, and its type says how it is stored: any [`Value`](super::value::Value) (`u32`,
//! `f64`, `String`, `Vec<f64>`, `[f64; 3]`, an enum given to `named!`), an `Option` of one for a column with nulls, or an
//! `Option` of a type made by `group!`, which has its own columns in this place. The columns stand in the order of the fields.
//!
//! `table!` makes the struct, the implementation of [`Declared`], and for each field a [`Column`](super::cells::Column) of
//! the same name: `StepRow::step.read(columns)`. What reads a part of a table (`glance!`) goes through these, so it does not
//! compile any more when a column is renamed.

use arrow_array::ArrayRef;

use super::cells::Described;
use crate::trace::columns::Columns;
use crate::trace::error::TraceError;
use crate::trace::owner::Belonging;

/// What `table!` makes of a declaration.
pub(in crate::trace) trait Declared: Sized {
    /// Name of the table.
    const NAME: &'static str;
    /// What one row is, in a sentence.
    const ABOUT: &'static str;
    /// The columns that say which checkpoint or pause a row belongs to.
    const BELONGING: &'static [Belonging];

    /// The columns, in order.
    fn described() -> Vec<Described>;

    /// The columns of `rows`, in order.
    fn arrays(rows: &[Self]) -> Vec<ArrayRef>;

    /// The rows of one batch of a file.
    fn from_columns(columns: &Columns) -> Result<Vec<Self>, TraceError>;
}

/// Declares a table; see the top of `declare.rs`.
macro_rules! table {
    (
        $(#[doc = $about:literal])+
        #[table = $name:literal]
        $(#[belongs($($owned:ident = $belonging:ident),+)])?
        pub struct $row:ident {
            $(
                $(#[doc = $doc:literal])+
                $(#[unit = $unit:literal])?
                // Nothing ever stands in `nothing`: it lets the macro see whether there is a `later`.
                $(#[later $($nothing:tt)?])?
                pub $field:ident: $cells:ty
            ),+ $(,)?
        }
    ) => {
        $(#[doc = $about])+
        #[doc = concat!("\n\nA row of table `", $name, "`.")]
        #[derive(Debug, Clone, PartialEq)]
        pub struct $row {
            $(
                $(#[doc = $doc])+
                $(#[doc = concat!("\n\nUnit: ", $unit, ".")])?
                pub $field: $cells,
            )+
        }

        const _: () = {
            use $crate::trace::columns::Columns;
            use $crate::trace::error::TraceError;
            use $crate::trace::owner::Belonging;
            use $crate::trace::tables::cells::{Cells, Column, Described};
            use $crate::trace::tables::declare::Declared;

            // Named like the fields they are of.
            #[allow(non_upper_case_globals)]
            impl $row {
                $(
                    pub(in crate::trace) const $field: Column<$cells> =
                        Column::new(stringify!($field), concat!($($doc),+))
                            $(.unit($unit))? $(.later($($nothing)?))?;
                )+
            }

            impl Declared for $row {
                const NAME: &'static str = $name;
                const ABOUT: &'static str = concat!($($about),+);
                const BELONGING: &'static [Belonging] = &[
                    $($(Belonging::$belonging(Self::$owned)),+)?
                ];

                fn described() -> Vec<Described> {
                    [$(Self::$field.describe()),+].concat()
                }

                fn arrays(rows: &[Self]) -> Vec<arrow_array::ArrayRef> {
                    let mut arrays = Vec::new();
                    $(Cells::write(rows.iter().map(|row| &row.$field), &mut arrays);)+
                    arrays
                }

                fn from_columns(columns: &Columns) -> Result<Vec<Self>, TraceError> {
                    $(let $field = Self::$field.read(columns)?;)+
                    let row = |row| Self { $($field: $field.value(row)),+ };
                    Ok((0..columns.row_count()).map(row).collect())
                }
            }
        };
    };
}
pub(in crate::trace) use table;

/// Declares a group of columns that are null together: a field `Option<BornRow>` of a row has the columns of `BornRow` in
/// its place.
///
/// ```ignore
/// group! {
///     /// The cycle or closed curve that is born at an event.
///     // What the names of its columns begin with.
///     #[prefix = "born_"]
///     pub struct BornRow {
///         // Fields as in `table!`. Where the column is null, the group is absent.
///         /// Steps of one turn of it.
///         #[unit = "time step"]
///         pub period: f64,
///         // Where this column is null, the amplitude alone is absent.
///         /// Its amplitude.
///         pub amplitude: Option<f64>,
///     }
/// }
/// ```
macro_rules! group {
    (
        $(#[doc = $about:literal])+
        #[prefix = $prefix:literal]
        pub struct $group:ident {
            $(
                $(#[doc = $doc:literal])+
                $(#[unit = $unit:literal])?
                $(#[later $($nothing:tt)?])?
                pub $field:ident: $member:ty
            ),+ $(,)?
        }
    ) => {
        $(#[doc = $about])+
        #[doc = concat!("\n\nColumns `", $prefix, "…` of the table that it stands in.")]
        #[derive(Debug, Clone, Copy, PartialEq)]
        pub struct $group {
            $(
                $(#[doc = $doc])+
                $(#[doc = concat!("\n\nUnit: ", $unit, ".")])?
                pub $field: $member,
            )+
        }

        const _: () = {
            use $crate::trace::columns::Columns;
            use $crate::trace::error::TraceError;
            use $crate::trace::tables::cells::{Cells, Column, Described, Member, Read};
            use $crate::trace::tables::value::Value;

            // Named like the fields they are of.
            #[allow(non_upper_case_globals)]
            impl $group {
                $(
                    const $field: Column<Option<<$member as Member>::Value>> =
                        Column::new(concat!($prefix, stringify!($field)), concat!($($doc),+))
                            $(.unit($unit))? $(.later($($nothing)?))?;
                )+
            }

            impl Cells for Option<$group> {
                type Read<'a> = ($(Read<'a, Option<<$member as Member>::Value>>,)+);
                type Seen<'a> = Self;

                fn describe(_: &Column<Self>) -> Vec<Described> {
                    [$($group::$field.describe()),+].concat()
                }

                fn write<'r>(
                    groups: impl Iterator<Item = &'r Self> + Clone,
                    arrays: &mut Vec<arrow_array::ArrayRef>,
                ) {
                    $(
                        let members = groups.clone().map(|group| {
                            group.as_ref().and_then(|group| Member::get(&group.$field))
                        });
                        arrays.push(<<$member as Member>::Value as Value>::array(members));
                    )+
                }

                fn read<'a>(
                    _: &Column<Self>,
                    columns: &Columns<'a>,
                ) -> Result<Self::Read<'a>, TraceError> {
                    Ok(($($group::$field.read(columns)?,)+))
                }

                fn see<'a>(read: &Self::Read<'a>, row: usize) -> Self::Seen<'a> {
                    let ($($field,)+) = read;
                    Some($group { $($field: Member::from_cell($field.value(row))?),+ })
                }

                fn owned(seen: Self) -> Self {
                    seen
                }
            }
        };
    };
}
pub(in crate::trace) use group;
