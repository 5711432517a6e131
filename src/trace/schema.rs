//! The tables of a run: names, columns, types, units, meanings.
//!
//! These schemas are the public interface to Python, R and DuckDB. Changing a name, a type or a meaning
//! takes a new [`SCHEMA_VERSION`]. Each Arrow field carries the metadata `unit` (`1` where there is none)
//! and `description`; each schema carries [`SCHEMA_VERSION_KEY`].

mod tables;

use std::sync::Arc;

use arrow_schema::{DataType, Field, Schema, SchemaRef};

/// Version of manifest lines and tables that this library writes, and the latest that it reads.
pub const SCHEMA_VERSION: u32 = 1;

/// Key of the version in the metadata of a table's schema.
pub const SCHEMA_VERSION_KEY: &str = "creode.schema_version";

/// The tables of a run; each is a folder of Parquet files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Table {
    /// Per training step: loss, accuracy, norms.
    Steps,
    /// Per checkpoint × condition: counts and index sum.
    Landscapes,
    /// Per checkpoint × condition × fixed point.
    FixedPoints,
    /// Per checkpoint × condition × slow point.
    SlowPoints,
    /// Per checkpoint × condition × fixed point × eigenvalue.
    Spectra,
    /// Per checkpoint × probe trial × time step.
    Trials,
    /// Per checkpoint × probe task, of curricula that have any.
    Evaluations,
    /// Per bifurcation between a checkpoint and the one before; can be derived again from weights and fixed points.
    Events,
    /// Per fixed point of each checkpoint, on its branch through the run; derived like the events.
    Branches,
}

impl Table {
    /// The tables that are written checkpoint by checkpoint, each in a folder of its own.
    pub const GROWING: [Self; 9] = [
        Self::Steps,
        Self::Landscapes,
        Self::FixedPoints,
        Self::SlowPoints,
        Self::Spectra,
        Self::Trials,
        Self::Events,
        Self::Branches,
        Self::Evaluations,
    ];

    /// Name of the table, and of its folder or file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Steps => "steps",
            Self::Landscapes => "landscapes",
            Self::FixedPoints => "fixed_points",
            Self::SlowPoints => "slow_points",
            Self::Spectra => "spectra",
            Self::Trials => "trials",
            Self::Evaluations => "evaluations",
            Self::Events => "events",
            Self::Branches => "branches",
        }
    }

    /// The table whose folder has that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::GROWING.into_iter().find(|table| table.name() == name)
    }

    /// The columns that say which checkpoint or step a row belongs to.
    pub(super) fn place_columns(self) -> &'static [&'static str] {
        match self {
            Self::Steps => &["step"],
            Self::Events => &["to_step"],
            Self::Branches => &["checkpoint"],
            _ => &["checkpoint", "step"],
        }
    }

    /// Whether files of earlier versions of the program may lack a column; it is then read as null.
    pub(super) fn is_later(self, column: &str) -> bool {
        self == Self::Events && (column.starts_with("born_") || column.starts_with("hint_"))
    }

    /// Names of its columns.
    pub(super) fn column_names(self) -> Vec<&'static str> {
        self.columns().iter().map(|column| column.0).collect()
    }

    fn columns(self) -> &'static [Column] {
        match self {
            Self::Steps => tables::STEPS,
            Self::Landscapes => tables::LANDSCAPES,
            Self::FixedPoints => tables::FIXED_POINTS,
            Self::SlowPoints => tables::SLOW_POINTS,
            Self::Spectra => tables::SPECTRA,
            Self::Trials => tables::TRIALS,
            Self::Evaluations => tables::EVALUATIONS,
            Self::Events => tables::EVENTS,
            Self::Branches => tables::BRANCHES,
        }
    }

    /// The schema of its files.
    pub fn schema(self) -> SchemaRef {
        let fields: Vec<Field> = self.columns().iter().map(Column::field).collect();
        Arc::new(Schema::new_with_metadata(
            fields,
            [(SCHEMA_VERSION_KEY, SCHEMA_VERSION.to_string())],
        ))
    }
}

/// The field inside a list column: never null.
pub(super) fn list_element() -> Arc<Field> {
    Arc::new(Field::new("element", DataType::Float64, false))
}

/// The same in a list of identities.
pub(super) fn identity_element() -> Arc<Field> {
    Arc::new(Field::new("element", DataType::UInt32, false))
}

/// Number of coordinates of the fixed projection (`pc`).
pub(super) const PROJECTION_DIMS: i32 = 3;

#[derive(Clone, Copy)]
enum Type {
    I8,
    NullableI8,
    I32,
    U16,
    U32,
    NullableU32,
    U64,
    F64,
    NullableF64,
    NullableI32,
    Text,
    NullableText,
    Vector,
    Identities,
    Projection,
}

impl Type {
    fn data_type(self) -> DataType {
        match self {
            Self::I8 | Self::NullableI8 => DataType::Int8,
            Self::I32 | Self::NullableI32 => DataType::Int32,
            Self::U16 => DataType::UInt16,
            Self::U32 | Self::NullableU32 => DataType::UInt32,
            Self::U64 => DataType::UInt64,
            Self::F64 | Self::NullableF64 => DataType::Float64,
            Self::Text | Self::NullableText => DataType::Utf8,
            Self::Vector => DataType::List(list_element()),
            Self::Identities => DataType::List(identity_element()),
            Self::Projection => DataType::FixedSizeList(list_element(), PROJECTION_DIMS),
        }
    }

    fn is_nullable(self) -> bool {
        matches!(
            self,
            Self::NullableF64
                | Self::NullableI8
                | Self::NullableI32
                | Self::NullableU32
                | Self::NullableText
        )
    }
}

/// A column: name, type, unit, description.
struct Column(&'static str, Type, &'static str, &'static str);

impl Column {
    fn field(&self) -> Field {
        let Self(name, kind, unit, description) = *self;
        Field::new(name, kind.data_type(), kind.is_nullable())
            .with_metadata([("unit", unit), ("description", description)])
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_column_has_a_unit_and_a_description_and_a_name_of_its_own() {
        assert!(
            Table::GROWING
                .iter()
                .all(|&table| Table::from_name(table.name()) == Some(table))
        );
        for table in Table::GROWING {
            let schema = table.schema();
            assert_eq!(schema.metadata[SCHEMA_VERSION_KEY], "1");
            for (position, field) in schema.fields().iter().enumerate() {
                let metadata = field.metadata();
                assert!(
                    !metadata["unit"].is_empty() && !metadata["description"].is_empty(),
                    "{field:?}"
                );
                assert_eq!(
                    schema.index_of(field.name()).unwrap(),
                    position,
                    "{} twice",
                    field.name()
                );
            }
        }
    }
}
