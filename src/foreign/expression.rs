//! A part given as a formula of tensors: `J+W_fb*W_out` for a network whose outputs feed back.
//!
//! Products come before sums; a factor is a tensor, a number, or either with `.T` behind for its transpose. A name that is
//! in the file as it stands is that tensor, whatever is in it.

use super::ForeignError;
use super::options::Role;
use super::part::Part;
use crate::arrays::Tensors;

/// Behind a tensor: its transpose.
const TRANSPOSE: &str = ".T";

/// Whether a text is a formula, and no name.
pub(super) fn is_formula(text: &str, tensors: &Tensors) -> bool {
    !tensors.contains_key(text)
        && (text.contains(['+', '*']) || text.strip_suffix(TRANSPOSE).is_some())
}

/// What a formula comes to.
///
/// # Errors
/// A tensor is missing, or shapes do not fit each other.
pub(super) fn value(role: Role, text: &str, tensors: &Tensors) -> Result<Part, ForeignError> {
    let mut sum: Option<Part> = None;
    for term in text.split('+') {
        let product = product(role, term, tensors)?;
        sum = Some(match sum {
            None => product,
            Some(sum) => added(role, sum, product)?,
        });
    }
    let mut part = sum.ok_or_else(|| ForeignError::Setting(format!("{role}: an empty formula")))?;
    part.changes = vec![format!("= {}", crate::text::escaped(text))];
    Ok(part)
}

/// A factor of a product.
enum Factor {
    Number(f64),
    Of(Part),
}

fn product(role: Role, term: &str, tensors: &Tensors) -> Result<Part, ForeignError> {
    let mut number = 1.0;
    let mut whole: Option<Part> = None;
    for factor in term.split('*') {
        match factor_of(role, factor.trim(), tensors)? {
            Factor::Number(value) => number *= value,
            Factor::Of(part) => {
                whole = Some(match whole {
                    None => part,
                    Some(left) => multiplied(role, &left, &part)?,
                });
            }
        }
    }
    let mut part = whole.ok_or_else(|| {
        ForeignError::Setting(format!(
            "{role}: {} names no tensor",
            crate::text::escaped(term)
        ))
    })?;
    part.values.iter_mut().for_each(|value| *value *= number);
    Ok(part)
}

fn factor_of(role: Role, text: &str, tensors: &Tensors) -> Result<Factor, ForeignError> {
    if !tensors.contains_key(text) {
        if let Ok(number) = text.parse::<f64>() {
            return Ok(Factor::Number(number));
        }
        if let Some(name) = text.strip_suffix(TRANSPOSE) {
            let part = Part::read(role, name, tensors)?;
            let part = if part.shape.len() == 1 {
                part.column()
            } else {
                part
            };
            return Ok(Factor::Of(part.transposed()));
        }
    }
    Ok(Factor::Of(Part::read(role, text, tensors)?))
}

fn added(role: Role, mut sum: Part, other: Part) -> Result<Part, ForeignError> {
    if sum.shape != other.shape {
        return Err(other.misfit(
            role,
            format!("{:?}, that of what it is added to", sum.shape),
        ));
    }
    let pairs = sum.values.iter_mut().zip(&other.values);
    pairs.for_each(|(value, term)| *value += term);
    sum.from.extend(other.from);
    Ok(sum)
}

/// The product of two matrices; a vector on the left is a column, on the right a column, or a row where only that fits.
fn multiplied(role: Role, left: &Part, right: &Part) -> Result<Part, ForeignError> {
    let (rows, inner) = left.extents();
    let (mut height, mut columns) = right.extents();
    if height != inner && right.shape.len() == 1 && inner == 1 {
        (height, columns) = (columns, height);
    }
    if height != inner {
        return Err(right.misfit(
            role,
            format!(
                "[{inner}, columns], to be multiplied by {} from the left",
                left.name()
            ),
        ));
    }
    let entry = |i: usize, j: usize| -> f64 {
        (0..inner)
            .map(|k| left.values[i * inner + k] * right.values[k * columns + j])
            .sum()
    };
    let places = (0..rows).flat_map(|i| (0..columns).map(move |j| (i, j)));
    let shape = if right.shape.len() == 1 && columns == 1 {
        vec![rows]
    } else {
        vec![rows, columns]
    };
    Ok(Part {
        shape,
        values: places.map(|(i, j)| entry(i, j)).collect(),
        from: [left.from.clone(), right.from.clone()].concat(),
        changes: Vec::new(),
    })
}
