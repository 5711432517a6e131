//! Locates branch points: where two curves of fixed points cross.
//!
//! Two branches cross in a one-parameter family only where a symmetry, or a solution that is always there, makes
//! them. Elsewhere a crossing is broken into a fold beside a branch that does not turn; the imperfection ε that is
//! solved for says how far a place is from a true crossing.

use faer::Mat;

use super::locate::{MOST_STEPS, Progress, RealCritical, Verdict, finish_real};
use crate::landscape::equations::equation::{Extended, Factored, Linearised, dot, second_extended};
use crate::map::Family;
use crate::svd::svd;

/// A point where [I − J, −F_s] loses rank.
#[derive(Debug, Clone, PartialEq)]
pub struct Crossing {
    /// I − J there.
    pub critical: RealCritical,
    /// Multiple ε of the left null vector that had to be added to G to make the branches cross: 0 at a true branch
    /// point, and what breaks the crossing elsewhere.
    pub imperfection: f64,
    /// Unit tangents of the two branches; `None` where the branching equation has no two real roots.
    pub tangents: Option<[Extended; 2]>,
}

/// The branch point nearest to a guess.
///
/// Solves (G + ε b, g₁, g₂)(x, s, ε) = 0 with D = [I − J, −F_s], an n × (n+1) matrix that loses rank:
/// 1. b: the left singular vector of D to its smallest singular value; C: the right singular vectors to the two
///    smallest (the tangent and the one that becomes a second null vector).
/// 2. [[D, b], [Cᵀ, 0]] with right-hand sides e_{n+1}, e_{n+2} gives v₁, v₂; its transpose with e_{n+1} gives ψ and g.
/// 3. ∂g_k = ψᵀD²F[v_k, ·] over (x, s).
/// 4. Newton step in n + 2 unknowns.
/// 5. Tangents α v₁ + β v₂ from c₁₁α² + 2c₁₂αβ + c₂₂β² = 0, c_ij = ψᵀD²F[v_i, v_j].
///
/// `None` where Newton's method does not converge in 25 steps, or a matrix is singular that should not be.
pub fn branch_point<F: Family + ?Sized>(family: &F, guess: &Extended) -> Option<Crossing> {
    let dim = guess.state.len();
    let mut place = guess.clone();
    let mut imperfection = 0.0;
    let (b, c) = rank_border(&Linearised::at(family, &place))?;
    let mut progress = Progress::new();
    for _ in 0..MOST_STEPS {
        let equation = Linearised::at(family, &place);
        let null = null_space(&equation, &b, &c)?;
        let rows: Vec<Vec<f64>> = null
            .right
            .iter()
            .map(|v| {
                (0..=dim)
                    .map(|j| {
                        dot(
                            &null.left,
                            &second_extended(family, &place, v, &axis(dim, j)),
                        )
                    })
                    .collect()
            })
            .collect();
        let matrix = Mat::from_fn(dim + 2, dim + 2, |i, j| match (i < dim, j <= dim) {
            (true, true) => equation.entry(i, j),
            (true, false) => b[i],
            (false, true) => rows[i - dim][j],
            (false, false) => 0.0,
        });
        let right = Mat::from_fn(dim + 2, 1, |i, _| {
            if i < dim {
                -equation.residual[i] - imperfection * b[i]
            } else {
                -null.g[i - dim]
            }
        });
        let solution = Factored::new(&matrix).solve(right)?;
        let step = Extended::from_column(&solution, dim);
        let change = solution[(dim + 1, 0)];
        let verdict = progress.judge(step.norm().max(change.abs()), 1.0 + place.norm());
        place = place.moved(1.0, &step);
        imperfection += change;
        match verdict {
            Verdict::Lost => return None,
            Verdict::Done => break,
            Verdict::Go => {}
        }
    }
    let null = null_space(&Linearised::at(family, &place), &b, &c)?;
    let tangents = crossing_tangents(family, &place, &null);
    let mut critical = finish_real(family, place, 1.0)?;
    critical.residual = critical.residual.max(null.g[0].abs()).max(null.g[1].abs());
    (critical.residual < 1e-8).then_some(Crossing {
        critical,
        imperfection,
        tangents,
    })
}

/// The solutions of step 2 of [`branch_point`].
struct NullSpace {
    right: [Extended; 2],
    left: Vec<f64>,
    g: [f64; 2],
}

fn null_space(equation: &Linearised, b: &[f64], c: &[Vec<f64>; 2]) -> Option<NullSpace> {
    let dim = equation.dim();
    let matrix = Mat::from_fn(dim + 2, dim + 2, |i, j| match (i < dim, j <= dim) {
        (true, true) => equation.entry(i, j),
        (true, false) => b[i],
        (false, true) => c[i - dim][j],
        (false, false) => 0.0,
    });
    let factored = Factored::new(&matrix);
    let units = |k: usize| Mat::from_fn(dim + 2, 1, |i, _| f64::from(u8::from(i == k)));
    let right = [
        Extended::from_column(&factored.solve(units(dim))?, dim),
        Extended::from_column(&factored.solve(units(dim + 1))?, dim),
    ];
    let transposed = factored.solve_transpose(units(dim + 1))?;
    Some(NullSpace {
        right,
        left: (0..dim).map(|i| transposed[(i, 0)]).collect(),
        g: [transposed[(dim, 0)], transposed[(dim + 1, 0)]],
    })
}

/// Step 5 of [`branch_point`].
fn crossing_tangents<F: Family + ?Sized>(
    family: &F,
    place: &Extended,
    null: &NullSpace,
) -> Option<[Extended; 2]> {
    let form = |i: usize, j: usize| {
        let second = second_extended(family, place, &null.right[i], &null.right[j]);
        dot(&null.left, &second)
    };
    let (first, cross, last) = (form(0, 0), form(0, 1), form(1, 1));
    let discriminant = cross * cross - first * last;
    let size = first.abs().max(cross.abs()).max(last.abs());
    if discriminant.is_nan() || discriminant <= 1e-12 * size * size {
        return None;
    }
    // Roots (α : β) without cancellation: with r = −(c₁₂ ± √Δ), α:β is r:c₁₁ and c₂₂:r.
    let root = -(cross + cross.signum() * discriminant.sqrt());
    Some([(root, first), (last, root)].map(|(alpha, beta)| {
        let tangent = null.right[0].scaled(alpha).moved(beta, &null.right[1]);
        tangent.scaled(1.0 / tangent.norm())
    }))
}

/// b and C of step 1 of [`branch_point`].
fn rank_border(equation: &Linearised) -> Option<(Vec<f64>, [Vec<f64>; 2])> {
    let dim = equation.dim();
    let matrix = Mat::from_fn(dim, dim + 1, |i, j| equation.entry(i, j));
    let svd = svd(matrix.as_ref())?;
    let right = |k: usize| (0..=dim).map(|i| svd.right[(i, k)]).collect::<Vec<f64>>();
    let b = (0..dim).map(|i| svd.left[(i, dim - 1)]).collect();
    Some((b, [right(dim), right(dim - 1)]))
}

/// The j-th unit vector of the extended space.
fn axis(dim: usize, j: usize) -> Extended {
    let mut state = vec![0.0; dim];
    if let Some(x) = state.get_mut(j) {
        *x = 1.0;
    }
    Extended::new(state, f64::from(u8::from(j == dim)))
}
