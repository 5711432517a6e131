//! The path between two cells at constant inputs as a family.
//!
//! Which path lies between two checkpoints is a choice: here it is the straight line between their trained
//! parameters. For a low-rank cell, or one whose outputs feed back, the straight line between the products would be
//! another one.

use super::blend::Blended;
use super::map::CellMap;
use crate::calculus::Jet;
use crate::map::piecewise::PiecewisePath;
use crate::map::{Family, Map};

/// The path between two cells of one architecture: straight in their weights or, where those are no affine functions of
/// the parameters, straight in the parameters.
///
/// Weights that are products of two parameters (factors of low rank; feedback times readout; input weights times inputs)
/// are quadratic in s where the parameters are affine: w(s) = (1−s)w₀ + s w₁ + 4s(1−s)w_b, and w_b follows from w(½).
#[derive(Debug, Clone)]
pub struct CellPath {
    from: CellMap,
    to: CellMap,
    /// w_b in the places of the weights; `None` where it is zero.
    bend: Option<CellMap>,
}

/// Evaluates an expression for two cells of one kind, and a third one that may be missing.
macro_rules! of_one_kind {
    ($from:expr, $third:expr, $to:expr, |$a:ident, $m:ident, $b:ident| $value:expr, else $other:expr) => {
        of_one_kind!(@each $from, $third, $to, $a, $m, $b, $value, $other,
            Rate LeakyUnits Gru Ugrnn Lstm PiecewiseLinear LowRank Staged)
    };
    (@each $from:expr, $third:expr, $to:expr, $a:ident, $m:ident, $b:ident, $value:expr, $other:expr,
        $($kind:ident)*) => {
        match ($from, $to) {
            $((CellMap::$kind($a), CellMap::$kind($b)) => {
                let $m = match $third {
                    Some(CellMap::$kind(third)) => Some(third),
                    _ => None,
                };
                $value
            })*
            _ => $other,
        }
    };
}

impl CellPath {
    /// The straight path of the weights from one cell at s = 0 to another at s = 1; `None` unless both are of one kind and
    /// size and differ in nothing but weights.
    ///
    /// Other differences than weights (activation, α, number of units) give `None`.
    pub fn new(from: CellMap, to: CellMap) -> Option<Self> {
        let is_alike =
            of_one_kind!(&from, None::<&CellMap>, &to, |a, _third, b| a.is_alike(b), else false);
        (is_alike && from.dim() == to.dim()).then_some(Self {
            from,
            to,
            bend: None,
        })
    }

    /// The path on which weights are at most quadratic in s, given the cell at s = ½ as well: the straight path of the
    /// parameters, if that is the cell whose parameters are in the middle of those of both ends.
    pub fn through(from: CellMap, middle: &CellMap, to: CellMap) -> Option<Self> {
        let path = Self::new(from, to)?;
        let bend = of_one_kind!(&path.from, Some(middle), &path.to, |a, m, b| {
            a.bend(m?, b).map(CellMap::from)
        }, else None);
        Some(Self { bend, ..path })
    }
}

impl Family for CellPath {
    type At = CellMap;

    fn at(&self, s: f64) -> CellMap {
        // `new` lets no unlike pair in.
        of_one_kind!(&self.from, &self.bend, &self.to, |a, bend, b| {
            a.between(b, bend, s).into()
        }, else self.from.clone())
    }

    fn jet(&self, s: Jet, curve: &[Jet]) -> Vec<Jet> {
        of_one_kind!(&self.from, &self.bend, &self.to, |a, bend, b| {
            a.path_jet(b, bend, s, curve)
        }, else self.from.jet(curve))
    }

    fn piecewise(&self) -> Option<PiecewisePath> {
        // What is no cell of rectified units at one end is none on the way.
        let start = self.from.piecewise()?;
        let (middle, end) = (self.at(0.5).piecewise()?, self.to.piecewise()?);
        Some(PiecewisePath::through(&start, &middle, &end))
    }
}
