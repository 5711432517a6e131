//! Tensors that PyTorch keeps as something else and computes at every step: weight normalisation, old and new, and
//! spectral normalisation.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::ForeignError;
use super::options::Role;
use crate::arrays::{Tensor, Tensors};

const NEW: &str = "parametrizations.";

/// Tensors of a file, some of them computed.
pub(super) struct Computed<'a> {
    /// The tensors with those added that others stand for, which are taken out.
    pub(super) tensors: Cow<'a, Tensors>,
    /// Of each that was computed the tensors that it was computed from.
    pub(super) from: BTreeMap<String, Vec<String>>,
}

/// Computes what others stand for; nothing is copied where there is none.
///
/// # Errors
/// Recurrent or input weights are kept in a form that cannot be computed from the file, or parts of one do not fit.
pub(super) fn computed(tensors: &Tensors) -> Result<Computed<'_>, ForeignError> {
    let mut forms: Vec<Form> = tensors.keys().filter_map(|name| Form::of(name)).collect();
    forms.dedup();
    if forms.is_empty() {
        return Ok(Computed {
            tensors: Cow::Borrowed(tensors),
            from: BTreeMap::new(),
        });
    }
    let (mut all, mut from) = (tensors.clone(), BTreeMap::new());
    for form in forms {
        let Some((value, parts)) = form.value(tensors)? else {
            continue;
        };
        for part in &parts {
            all.remove(part);
        }
        from.insert(form.target.clone(), parts);
        all.insert(form.target, value);
    }
    Ok(Computed {
        tensors: Cow::Owned(all),
        from,
    })
}

/// How a tensor is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Form {
    /// The tensor that it stands for.
    target: String,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// `NAME_g` and `NAME_v`.
    OldWeightNorm,
    /// `parametrizations.NAME.original0` and `original1`.
    WeightNorm,
    /// `NAME_orig` with `NAME_u` and `NAME_v`.
    OldSpectralNorm,
    /// `parametrizations.NAME.original`, with `0._u` and `0._v` if it is spectral normalisation.
    Other,
}

impl Form {
    fn of(name: &str) -> Option<Self> {
        let form = |target: String, kind| Some(Self { target, kind });
        if let Some(target) = name.strip_suffix("_g") {
            return form(target.to_owned(), Kind::OldWeightNorm);
        }
        if let Some(target) = name.strip_suffix("_orig") {
            return form(target.to_owned(), Kind::OldSpectralNorm);
        }
        let place = name
            .find(NEW)
            .filter(|&place| place == 0 || name[..place].ends_with('.'))?;
        let (module, rest) = name.split_at(place);
        let (leaf, part) = rest[NEW.len()..].split_once('.')?;
        let target = format!("{module}{leaf}");
        match part {
            "original0" => form(target, Kind::WeightNorm),
            "original" => form(target, Kind::Other),
            _ => None,
        }
    }

    /// The name of one of the tensors that stand for it.
    fn part(&self, part: &str) -> String {
        match self.kind {
            Kind::OldWeightNorm | Kind::OldSpectralNorm => format!("{}_{part}", self.target),
            Kind::WeightNorm | Kind::Other => {
                let (module, leaf) = match self.target.rfind('.') {
                    Some(dot) => self.target.split_at(dot + 1),
                    None => ("", self.target.as_str()),
                };
                format!("{module}{NEW}{leaf}.{part}")
            }
        }
    }

    /// What it is, and the tensors that it was computed from; nothing where another tensor merely ends as if.
    fn value(&self, tensors: &Tensors) -> Result<Option<(Tensor, Vec<String>)>, ForeignError> {
        let named = |parts: &[&str]| parts.iter().map(|part| self.part(part)).collect::<Vec<_>>();
        let names = match self.kind {
            Kind::OldWeightNorm => named(&["g", "v"]),
            Kind::WeightNorm => named(&["original0", "original1"]),
            Kind::OldSpectralNorm => named(&["orig", "u", "v"]),
            Kind::Other => named(&["original", "0._u", "0._v"]),
        };
        let parts: Option<Vec<&Tensor>> = names.iter().map(|name| tensors.get(name)).collect();
        let value = match (parts.as_deref(), self.kind) {
            (Some([length, direction]), _) => self.normalised(length, direction)?,
            (Some([weights, left, right]), _) => self.by_largest_singular(weights, left, right)?,
            (_, Kind::Other) => {
                return Err(ForeignError::Setting(format!(
                    "`{}` is kept as a parametrisation that cannot be computed from the file: call \
                     `torch.nn.utils.parametrize.remove_parametrizations(module, \"{}\")` before saving",
                    crate::text::escaped(&self.target),
                    crate::text::escaped(self.target.rsplit('.').next().unwrap_or_default()),
                )));
            }
            _ => return Ok(None),
        };
        Ok(Some((value, names)))
    }

    /// g v/‖v‖, with norms over the dimensions in which g has one entry (Salimans & Kingma 2016, equation 2).
    fn normalised(&self, length: &Tensor, direction: &Tensor) -> Result<Tensor, ForeignError> {
        let fits = length.shape.len() == direction.shape.len()
            && length
                .shape
                .iter()
                .zip(&direction.shape)
                .all(|(&of_length, &of_direction)| of_length == of_direction || of_length == 1)
            && length.is_numeric()
            && direction.is_numeric();
        if !fits {
            return Err(self.misfit(length, &direction.shape));
        }
        let places: Vec<usize> = (0..direction.values.len())
            .map(|place| reduced(place, &direction.shape, &length.shape))
            .collect();
        let mut squares = vec![0.0; length.values.len()];
        for (&place, value) in places.iter().zip(&direction.values) {
            squares[place] += value * value;
        }
        let values = places.iter().zip(&direction.values);
        let values = values.map(|(&place, v)| length.values[place] * v / squares[place].sqrt());
        Ok(Tensor::of_floats(direction.shape.clone(), values.collect()))
    }

    /// W/(uᵀ W v), with the singular vectors as they were saved (Miyato et al. 2018).
    fn by_largest_singular(
        &self,
        weights: &Tensor,
        left: &Tensor,
        right: &Tensor,
    ) -> Result<Tensor, ForeignError> {
        let (rows, columns) = (left.values.len(), right.values.len());
        if weights.shape != [rows, columns] || weights.values.len() != rows * columns {
            return Err(self.misfit(weights, &[rows, columns]));
        }
        let products = weights.values.chunks_exact(columns).zip(&left.values);
        let largest: f64 = products
            .map(|(row, u)| {
                u * row
                    .iter()
                    .zip(&right.values)
                    .map(|(w, v)| w * v)
                    .sum::<f64>()
            })
            .sum();
        let values = weights.values.iter().map(|w| w / largest).collect();
        Ok(Tensor::of_floats(weights.shape.clone(), values))
    }

    fn misfit(&self, part: &Tensor, other: &[usize]) -> ForeignError {
        ForeignError::Shape {
            name: self.target.clone(),
            role: Role::Recurrent,
            found: part.shape.clone(),
            expected: format!("a shape that goes with {other:?}, its other part"),
        }
    }
}

/// The place in an array of another shape, which has the same extents or 1, of an element.
fn reduced(mut place: usize, shape: &[usize], other: &[usize]) -> usize {
    let mut at = 0;
    let mut stride = 1;
    for (&extent, &kept) in shape.iter().zip(other).rev() {
        if kept > 1 {
            at += place % extent * stride;
        }
        place /= extent;
        stride *= kept;
    }
    at
}
