//! The list of tables, and what is known of each by its name alone.

use std::sync::Arc;

use arrow_schema::{Field, Schema, SchemaRef};

use super::cells::Described;
use super::declare::Declared;
use crate::trace::owner::Belonging;
use crate::trace::schema::{SCHEMA_VERSION, SCHEMA_VERSION_KEY, Table};

/// A row type in the list of tables.
pub(in crate::trace) trait Row: Declared {
    /// Its table.
    const TABLE: Table;
}

/// A declaration without its row type.
#[derive(Clone, Copy)]
pub(in crate::trace) struct Declaration {
    name: &'static str,
    about: &'static str,
    belonging: &'static [Belonging],
    described: fn() -> Vec<Described>,
}

impl Declaration {
    pub(super) const fn of<R: Declared>() -> Self {
        Self {
            name: R::NAME,
            about: R::ABOUT,
            belonging: R::BELONGING,
            described: R::described,
        }
    }
}

impl Table {
    /// Name of the table, and of its folder or file.
    pub fn name(self) -> &'static str {
        self.declaration().name
    }

    /// The table of a run whose folder has that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::GROWING.into_iter().find(|table| table.name() == name)
    }

    /// What one row of it is, in a sentence.
    pub fn about(self) -> &'static str {
        self.declaration().about.trim()
    }

    /// The schema of its files.
    pub fn schema(self) -> SchemaRef {
        let columns = self.columns();
        let fields: Vec<Field> = columns.iter().map(Described::field).collect();
        Arc::new(Schema::new_with_metadata(
            fields,
            [(SCHEMA_VERSION_KEY, SCHEMA_VERSION.to_string())],
        ))
    }

    /// Its columns, in order.
    pub(in crate::trace) fn columns(self) -> Vec<Described> {
        (self.declaration().described)()
    }

    /// The columns that say which checkpoint or pause a row belongs to.
    pub(in crate::trace) fn belonging(self) -> &'static [Belonging] {
        self.declaration().belonging
    }

    /// Whether files of earlier versions of the program may lack a column; it is then read as null.
    pub(in crate::trace) fn is_later(self, name: &str) -> bool {
        let columns = self.columns();
        columns
            .iter()
            .any(|column| column.name == name && column.is_later)
    }
}

/// Makes of a list `Variant: file::RowType` the modules of those files, [`Table`] and the implementations of [`Row`]. First
/// stand the tables of a run, then those of a folder of runs.
macro_rules! tables {
    (
        run { $($grows:ident: $grows_module:ident::$grows_row:ident),+ $(,)? }
        population { $($derives:ident: $derives_module:ident::$derives_row:ident),+ $(,)? }
    ) => {
        $crate::trace::tables::list::tables!(
            @all $($grows: $grows_module::$grows_row,)+ $($derives: $derives_module::$derives_row,)+
        );

        impl Table {
            /// The tables of a run, which are written checkpoint by checkpoint, each in a folder of its own.
            pub const GROWING: [Self; [$(stringify!($grows)),+].len()] = [$(Self::$grows),+];
        }
    };
    (@all $($table:ident: $module:ident::$row:ident,)+) => {
        $(mod $module;)+

        /// What the files of tables declare in public: row types and the types of their fields.
        // It is public as `trace::rows`.
        #[allow(unreachable_pub)]
        pub mod rows {
            $(pub use super::$module::*;)+
        }

        /// The tables of a run, each a folder of Parquet files, and those of a folder of runs, each a file.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Table {
            $(
                #[doc = concat!("Rows: [`", stringify!($row), "`](crate::trace::rows::", stringify!($row), ").")]
                $table,
            )+
        }

        impl Table {
            /// All tables.
            pub const ALL: [Self; [$(stringify!($table)),+].len()] = [$(Self::$table),+];

            fn declaration(self) -> $crate::trace::tables::list::Declaration {
                match self {
                    $(Self::$table => $crate::trace::tables::list::Declaration::of::<rows::$row>()),+
                }
            }
        }

        $(
            impl $crate::trace::tables::list::Row for rows::$row {
                const TABLE: Table = Table::$table;
            }
        )+
    };
}
pub(super) use tables;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_column_has_a_unit_and_a_description_and_a_name_of_its_own() {
        for table in Table::ALL {
            let of_run = Table::GROWING.contains(&table).then_some(table);
            assert_eq!(Table::from_name(table.name()), of_run);
            let schema = table.schema();
            assert_eq!(schema.metadata[SCHEMA_VERSION_KEY], "1");
            for (position, field) in schema.fields().iter().enumerate() {
                let metadata = field.metadata();
                let description = &metadata["description"];
                assert!(!metadata["unit"].is_empty(), "{field:?}");
                let is_sentence = !description.is_empty() && !description.ends_with('.');
                assert!(is_sentence && !description.contains('\n'), "{field:?}");
                let first = schema.index_of(field.name()).unwrap();
                assert_eq!(first, position, "{} twice", field.name());
            }
        }
    }
}
