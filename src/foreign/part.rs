//! From tensors as a framework stores them to the parts that a cell takes: matrices `[rows][columns]` that multiply from
//! the left, with blocks in PyTorch's order.

use super::options::Role;
use super::{ForeignError, expression};
use crate::arrays::{NumberKind, Tensor, Tensors};

/// Numbers that play a part, as the cell takes them.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Part {
    pub(super) shape: Vec<usize>,
    pub(super) values: Vec<f64>,
    /// The tensors that they are made of.
    pub(super) from: Vec<String>,
    /// What was done to them, in words.
    pub(super) changes: Vec<String>,
}

/// How a part is made of tensors: each is brought into order by itself, then they stand below each other, then the steps
/// follow.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Recipe {
    /// One a block of rows, or one with all blocks; zeros where a block has none.
    pub(super) blocks: Vec<Option<String>>,
    /// Whether the matrices multiply from the right.
    pub(super) transposed: bool,
    pub(super) steps: Vec<Step>,
}

/// What is done to a matrix, or to a vector, which has one column.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Step {
    /// One row of a matrix with two, as a vector.
    Row(usize),
    /// Of the weights of inputs and state beside each other, those of the state.
    OfState {
        /// Blocks of rows.
        blocks: usize,
    },
    /// Of the same, those of the inputs.
    OfInputs {
        /// Blocks of rows.
        blocks: usize,
    },
    /// Blocks of rows in another order: which block comes first, second, ….
    Order(Vec<usize>),
    /// One block with the other sign.
    Negated {
        /// Its place.
        block: usize,
        /// Number of blocks.
        of: usize,
    },
    /// A number added to a block.
    Raised {
        /// Its place.
        block: usize,
        /// Number of blocks.
        of: usize,
        /// What is added.
        by: f64,
    },
}

impl Recipe {
    /// A tensor as it is.
    pub(super) fn plain(name: &str) -> Self {
        Self::blocks([Some(name)])
    }

    /// Tensors below each other.
    pub(super) fn blocks<'a>(names: impl IntoIterator<Item = Option<&'a str>>) -> Self {
        Self {
            blocks: names
                .into_iter()
                .map(|name| name.map(str::to_owned))
                .collect(),
            transposed: false,
            steps: Vec::new(),
        }
    }

    /// The same of matrices that multiply from the right.
    pub(super) fn transposed(mut self) -> Self {
        self.transposed = true;
        self
    }

    /// With one more step at the end.
    pub(super) fn then(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    /// Whether a tensor goes into it.
    pub(super) fn uses(&self, name: &str) -> bool {
        self.blocks.iter().flatten().any(|of| of == name)
    }

    /// The tensors that go into it.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.blocks.iter().flatten().map(String::as_str)
    }

    /// Makes the part.
    ///
    /// # Errors
    /// A tensor is missing, of a type that is no number, or of a shape that the steps do not fit.
    pub(super) fn made(&self, role: Role, tensors: &Tensors) -> Result<Part, ForeignError> {
        let mut blocks = Vec::new();
        for name in &self.blocks {
            blocks.push(match name {
                None => None,
                Some(name) => {
                    let part = if expression::is_formula(name, tensors) {
                        expression::value(role, name, tensors)?
                    } else {
                        Part::read(role, name, tensors)?
                    };
                    Some(if self.transposed {
                        part.transposed()
                    } else {
                        part
                    })
                }
            });
        }
        let mut part = Part::below(role, &blocks)?;
        for step in &self.steps {
            part = part.after(role, step)?;
        }
        Ok(part)
    }
}

impl Part {
    /// A tensor as it is stored.
    pub(super) fn read(role: Role, name: &str, tensors: &Tensors) -> Result<Self, ForeignError> {
        let tensor = tensors.get(name).ok_or_else(|| ForeignError::Unknown {
            role,
            name: name.to_owned(),
            found: tensors.keys().cloned().collect(),
        })?;
        Self::of(role, name, tensor)
    }

    fn of(role: Role, name: &str, tensor: &Tensor) -> Result<Self, ForeignError> {
        if let NumberKind::Unread(kind) = &tensor.kind {
            return Err(ForeignError::Unread {
                role,
                name: name.to_owned(),
                what: kind.clone(),
            });
        }
        let count = tensor.values.iter().filter(|x| !x.is_finite()).count();
        if count > 0 {
            let name = name.to_owned();
            return Err(ForeignError::NotFinite { name, count });
        }
        // A vector may be stored as a matrix of one row or column.
        let shape = match (role.is_vector(), tensor.shape.as_slice()) {
            (true, [1, length] | [length, 1]) => vec![*length],
            (_, shape) => shape.to_vec(),
        };
        Ok(Self {
            shape,
            values: tensor.values.clone(),
            from: vec![name.to_owned()],
            changes: Vec::new(),
        })
    }

    /// The first tensor that it is made of, for messages.
    pub(super) fn name(&self) -> String {
        self.from.first().cloned().unwrap_or_default()
    }

    /// Rows and columns; a vector has one column.
    pub(super) fn extents(&self) -> (usize, usize) {
        match *self.shape.as_slice() {
            [rows, columns] => (rows, columns),
            [rows] => (rows, 1),
            _ => (0, 0),
        }
    }

    /// The transpose of a matrix; a vector stays.
    pub(super) fn transposed(mut self) -> Self {
        if let [rows, columns] = *self.shape.as_slice() {
            let old = &self.values;
            let places = (0..columns).flat_map(|j| (0..rows).map(move |i| i * columns + j));
            self.values = places.map(|place| old[place]).collect();
            self.shape = vec![columns, rows];
            self.changes.push("transposed".to_owned());
        }
        self
    }

    /// No numbers.
    pub(super) fn empty() -> Self {
        Self {
            shape: vec![0],
            values: Vec::new(),
            from: Vec::new(),
            changes: Vec::new(),
        }
    }

    /// A matrix of one row or column as a vector.
    pub(super) fn flat(mut self) -> Self {
        self.shape = vec![self.values.len()];
        self
    }

    /// A vector as a matrix of one column.
    pub(super) fn column(mut self) -> Self {
        self.shape = vec![self.values.len(), 1];
        self
    }

    /// Blocks of rows in another order: which comes first, second, ….
    pub(super) fn reordered(mut self, role: Role, order: &[usize]) -> Result<Self, ForeignError> {
        let blocks = self.in_blocks(role, order.len())?;
        self.values = order
            .iter()
            .flat_map(|&place| blocks[place].clone())
            .collect();
        if !order.is_sorted() {
            self.changes.push("blocks in PyTorch's order".to_owned());
        }
        Ok(self)
    }

    /// An error that says which shape would fit.
    pub(super) fn misfit(&self, role: Role, expected: impl Into<String>) -> ForeignError {
        ForeignError::Shape {
            name: self.name(),
            role,
            found: self.shape.clone(),
            expected: expected.into(),
        }
    }

    /// Blocks below each other, zeros where there is none.
    fn below(role: Role, blocks: &[Option<Self>]) -> Result<Self, ForeignError> {
        let count = blocks.len();
        let mut given = blocks.iter().flatten();
        let Some(first) = given.next() else {
            return Ok(Self::empty());
        };
        if let Some(other) = given.find(|other| other.shape != first.shape) {
            return Err(other.misfit(role, format!("{:?}, that of {}", first.shape, first.name())));
        }
        let mut shape = first.shape.clone();
        if let Some(rows) = shape.first_mut() {
            *rows *= count;
        }
        let zeros = vec![0.0; first.values.len()];
        let mut changes = first.changes.clone();
        if count > 1 {
            changes.push("block below block".to_owned());
        }
        Ok(Self {
            values: blocks
                .iter()
                .flat_map(|block| block.as_ref().map_or(&zeros, |block| &block.values))
                .copied()
                .collect(),
            from: blocks
                .iter()
                .flatten()
                .flat_map(|block| block.from.clone())
                .collect(),
            shape,
            changes,
        })
    }

    /// The numbers of each of so many blocks of rows.
    fn in_blocks(&self, role: Role, count: usize) -> Result<Vec<Vec<f64>>, ForeignError> {
        let (rows, columns) = self.extents();
        if rows == 0 || !rows.is_multiple_of(count) {
            return Err(self.misfit(role, format!("{count} blocks of rows of equal height")));
        }
        let blocks = self.values.chunks_exact(rows / count * columns);
        Ok(blocks.map(<[f64]>::to_vec).collect())
    }

    fn after(mut self, role: Role, step: &Step) -> Result<Self, ForeignError> {
        match step {
            Step::Row(row) => {
                let (rows, columns) = self.extents();
                if *row >= rows {
                    return Err(self.misfit(role, format!("a matrix of more than {row} rows")));
                }
                self.values = self.values[row * columns..][..columns].to_vec();
                self.shape = vec![columns];
                self.changes.push(format!("row {row}"));
            }
            Step::OfState { blocks } => self = self.columns_of(role, *blocks, true)?,
            Step::OfInputs { blocks } => self = self.columns_of(role, *blocks, false)?,
            Step::Order(order) => self = self.reordered(role, order)?,
            Step::Negated { block, of } => {
                let mut blocks = self.in_blocks(role, *of)?;
                blocks[*block].iter_mut().for_each(|value| *value = -*value);
                self.values = blocks.concat();
                self.changes.push("its gate turned round".to_owned());
            }
            Step::Raised { block, of, by } => {
                let mut blocks = self.in_blocks(role, *of)?;
                blocks[*block].iter_mut().for_each(|value| *value += by);
                self.values = blocks.concat();
                self.changes.push(format!("{by} added to its forget gate"));
            }
        }
        Ok(self)
    }

    /// Of a matrix `[blocks · units][inputs + units]`, the columns of the state or those of the inputs.
    fn columns_of(self, role: Role, blocks: usize, of_state: bool) -> Result<Self, ForeignError> {
        let (rows, columns) = self.extents();
        let units = rows / blocks;
        if units == 0 || columns < units || !rows.is_multiple_of(blocks) {
            return Err(self.misfit(role, format!("[{blocks} · units, inputs + units]")));
        }
        let kept = if of_state {
            columns - units..columns
        } else {
            0..columns - units
        };
        let by_rows = self.values.chunks_exact(columns);
        Ok(Self {
            shape: vec![rows, kept.len()],
            values: by_rows.flat_map(|row| row[kept.clone()].to_vec()).collect(),
            ..self
        })
    }
}
