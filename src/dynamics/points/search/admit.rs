//! The one way into the list of fixed points.
//!
//! A root is admitted by these questions, in this order:
//!
//! 1. Is its residual rounding, in the full map and in the equation that was solved, and is it within the trapping
//!    box?
//! 2. Is it the point of the list within whose reach it lies?
//! 3. Is it certified? If not: does it lie in the certified ball of another one (then it is that), in the flat
//!    stretch of a group, at a kink at which pieces meet, or is I − J singular there?
//! 4. Otherwise it is a new fixed point, with its certificate if there is one.

use faer::Mat;

use super::ends::End;
use super::limits::LARGEST_FACTORED;
use super::{FixedPoint, Known, Search, with_equation};
use crate::dynamics::linear::spectrum::{Spectrum, SpectrumError};
use crate::dynamics::points::certificate::{Certificate, certify};
use crate::dynamics::points::flat::{Degenerate, Flatness, is_flat};
use crate::dynamics::points::newton::{Factored, NewtonEnd, index_of, polish};
use crate::map::{Map, q};
use crate::norms::distance;
use crate::nouns::Found;
use crate::parallel;

/// Numbers kept in them at most, 256 MiB.
const FACTORS_KEPT: usize = 1 << 25;

/// A root, in the coordinates of the equation that is solved, as exact as rounding lets it be.
struct Root {
    point: Vec<f64>,
    /// The state that it stands for.
    state: Vec<f64>,
    /// sign det(I−J); 0 where I − J is singular to working precision.
    index: i8,
    factored: Option<Factored>,
    standing: Standing,
}

/// What is known of a root beside its place.
enum Standing {
    /// I − J is regular.
    Regular(Option<Certificate>),
    /// It lies at a kink of the map; the pieces that meet there differ in what they make of it.
    AtKink(Flatness),
    /// I − J is singular, or as good as.
    Degenerate(Box<Degenerate>),
    /// It lies in the flat stretch of a group that is known.
    Among(usize),
}

/// Where starts came from: those of the search tell by their hits how many points there are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    Starts,
    Fibers,
    Elsewhere,
}

/// Where a root came to stand.
#[derive(Clone, Copy)]
enum Admitted {
    Listed(usize),
    Grouped(usize),
}

impl<M: Map + ?Sized> Search<'_, M> {
    /// Step 1 of the search.
    pub(super) fn try_known(&mut self, known: &[Known<'_>]) -> Result<(), SpectrumError> {
        let roots = parallel::try_map(known, |point| {
            match self.end(&self.coordinates(point.state)) {
                NewtonEnd::Root { point } => self.examined(&point),
                NewtonEnd::Minimum { .. } | NewtonEnd::Lost => Ok(None),
            }
        })?;
        let before = self.findings.fixed_points.len();
        for (place, root) in roots.into_iter().enumerate() {
            let Some(root) = root else { continue };
            let is_alike = root.index == known[place].index;
            match self.admit(root, Found::Tracked)? {
                Admitted::Listed(at) if is_alike => self.continues(at, place, known),
                Admitted::Listed(_) => {}
                Admitted::Grouped(at) => {
                    let from = &mut self.groups[at].from_known;
                    *from = from.or(Some(place));
                }
            }
        }
        self.linearise(before)
    }

    /// Two branches may end at one point: it continues the one that moved less.
    fn continues(&mut self, at: usize, place: usize, known: &[Known<'_>]) {
        let there = &self.findings.fixed_points[at];
        let moved = |place: usize| distance(&there.state, known[place].state);
        let nearer = match there.from_known {
            Some(old) if moved(old) <= moved(place) => old,
            _ => place,
        };
        self.findings.fixed_points[at].from_known = Some(nearer);
    }

    /// Merges the ends of starts into the findings, in their order.
    pub(super) fn take(&mut self, ends: Vec<End>, origin: Origin) -> Result<(), SpectrumError> {
        let count = ends.len();
        let mut place_of: Vec<Option<Admitted>> = vec![None; count];
        let mut new_roots = Vec::new();
        let mut followers = Vec::new();
        for (start, end) in ends.into_iter().enumerate() {
            match end {
                End::Known(place) => place_of[start] = Some(Admitted::Listed(place)),
                End::With(leader) => followers.push((start, leader)),
                End::Elsewhere(NewtonEnd::Root { point }) => new_roots.push((start, point)),
                End::Elsewhere(NewtonEnd::Minimum { point }) if self.inside(&point) => {
                    self.minima.push(point);
                }
                End::Elsewhere(_) => {}
            }
        }
        let before = self.findings.fixed_points.len();
        for (start, root) in self.examined_roots(new_roots)? {
            place_of[start] = match root {
                Err(place) => Some(Admitted::Listed(place)),
                Ok(Some(root)) => Some(self.admit(root, Found::Searched)?),
                Ok(None) => None,
            };
        }
        for (start, leader) in followers {
            place_of[start] = place_of[leader];
        }
        match origin {
            Origin::Starts => {
                self.findings.n_sampled += count;
                for place in place_of.into_iter().flatten() {
                    match place {
                        Admitted::Listed(at) => self.findings.fixed_points[at].hits += 1,
                        Admitted::Grouped(at) => self.groups[at].hits += 1,
                    }
                }
            }
            Origin::Fibers => {
                for place in place_of.into_iter().flatten() {
                    if let Admitted::Listed(at) = place {
                        self.findings.fixed_points[at].is_on_fiber = true;
                    }
                }
            }
            Origin::Elsewhere => {}
        }
        self.linearise(before)
    }

    /// Roots, given as states, that are examined, or the places of those that are in the list already.
    #[allow(clippy::type_complexity)]
    fn examined_roots(
        &self,
        roots: Vec<(usize, Vec<f64>)>,
    ) -> Result<Vec<(usize, Result<Option<Root>, usize>)>, SpectrumError> {
        parallel::try_map(roots, |(start, state)| {
            let known = self.findings.position(&self.coordinates(&state));
            let root = match known {
                Some(place) => Err(place),
                None => Ok(self.examined(&state)?),
            };
            Ok((start, root))
        })
    }

    /// A root, given as a state, with what is known of it; `None` if it is none, or lies outside the trapping box.
    ///
    /// What has a residual above rounding never becomes a fixed point, whatever way it came.
    fn examined(&self, state: &[f64]) -> Result<Option<Root>, SpectrumError> {
        let polished = with_equation!(self, equation => polish(equation, self.coordinates(state)));
        let state = self.state(&polished.point);
        let is_root = is_flat(self.map, &state)
            && with_equation!(self, equation => is_flat(equation, &polished.point));
        if !is_root || !self.inside(&state) {
            return Ok(None);
        }
        // The factors of a large map are not kept: whole rounds of roots are polished at once.
        let is_large = polished.point.len() > LARGEST_FACTORED;
        let standing = self.standing(&polished.point)?;
        Ok(Some(Root {
            state,
            index: polished.index,
            factored: polished.factored.filter(|_| !is_large),
            standing,
            point: polished.point,
        }))
    }

    fn standing(&self, root: &[f64]) -> Result<Standing, SpectrumError> {
        if let Some(group) = self.group_of(root) {
            return Ok(Standing::Among(group));
        }
        let certificate = with_equation!(self, equation => certify(equation, root));
        if certificate.is_some() {
            return Ok(Standing::Regular(certificate));
        }
        let pieces = with_equation!(self, equation => equation.jacobians_beside(root));
        for piece in &pieces {
            if let Some(degenerate) = Degenerate::with(root, piece)? {
                return Ok(Standing::Degenerate(Box::new(degenerate)));
            }
        }
        if !pieces.is_empty() {
            return self.at_kink(root, &pieces);
        }
        Ok(match self.degenerate(root)? {
            Some(degenerate) => Standing::Degenerate(Box::new(degenerate)),
            None => Standing::Regular(None),
        })
    }

    /// A root at which regular pieces meet. It is what all pieces say, or, if they differ, marginal; its index is the mean of
    /// the indices of two pieces (the degree of a piecewise-linear map), and that of more if they agree.
    fn at_kink(&self, root: &[f64], pieces: &[Mat<f64>]) -> Result<Standing, SpectrumError> {
        let signs: Vec<i8> = pieces.iter().map(index_of).collect();
        let of_full = self.map.jacobians_beside(&self.state(root));
        let kinds: Vec<usize> = of_full
            .iter()
            .map(|jacobian| Ok(Spectrum::of(jacobian)?.n_unstable()))
            .collect::<Result<_, SpectrumError>>()?;
        let agree = |values: &[i8]| values.iter().all(|value| *value == values[0]);
        if agree(&signs) && kinds.iter().all(|n_unstable| *n_unstable == kinds[0]) {
            return Ok(Standing::Regular(None));
        }
        let index = match signs.as_slice() {
            [one, other] => Some((one + other) / 2),
            all => agree(all).then_some(all[0]),
        };
        Ok(Standing::AtKink(Flatness {
            is_marginal: true,
            index,
            ..Flatness::default()
        }))
    }

    /// Enters a root into the list, or finds it there.
    fn admit(&mut self, root: Root, found: Found) -> Result<Admitted, SpectrumError> {
        if let Some(place) = self.findings.position(&root.point) {
            return Ok(Admitted::Listed(place));
        }
        let is_proved = matches!(root.standing, Standing::Regular(Some(_)));
        if let Some(place) = self.proved_alone(&root.point).filter(|_| !is_proved) {
            return Ok(Admitted::Listed(place));
        }
        match root.standing {
            Standing::Among(group) => {
                self.keep_sample(group, &root.point)?;
                Ok(Admitted::Grouped(group))
            }
            Standing::Degenerate(degenerate) => {
                // The group may have begun in this round.
                if let Some(group) = self.group_of(&root.point) {
                    self.keep_sample(group, &root.point)?;
                    return Ok(Admitted::Grouped(group));
                }
                Ok(Admitted::Grouped(self.begin_group(*degenerate, found)?))
            }
            Standing::Regular(certificate) => {
                self.keep(root.factored);
                Ok(self.enter(root.point, root.state, found, root.index, certificate, None))
            }
            Standing::AtKink(flatness) => {
                self.factored = None;
                let index = flatness.index.unwrap_or(0);
                Ok(self.enter(root.point, root.state, found, index, None, Some(flatness)))
            }
        }
    }

    fn enter(
        &mut self,
        coordinates: Vec<f64>,
        state: Vec<f64>,
        found: Found,
        index: i8,
        certificate: Option<Certificate>,
        flatness: Option<Flatness>,
    ) -> Admitted {
        self.findings.fixed_points.push(FixedPoint {
            q: q(self.map, &state),
            state,
            coordinates,
            index,
            spectrum: Spectrum::default(),
            certificate,
            flatness,
            found,
            from_known: None,
            hits: 0,
            is_on_fiber: false,
        });
        Admitted::Listed(self.findings.fixed_points.len() - 1)
    }

    /// The fixed point in whose certified ball a root lies: there is no other in it, however small q is at this one.
    fn proved_alone(&self, root: &[f64]) -> Option<usize> {
        let holds = |point: &FixedPoint| {
            let alone = point.certificate.map_or(0.0, |of| of.unique_within);
            distance(&point.coordinates, root) < alone
        };
        self.findings.fixed_points.iter().position(holds)
    }

    /// Whether a state is finite and within the trapping box.
    pub(super) fn inside(&self, state: &[f64]) -> bool {
        state.iter().all(|x| x.is_finite())
            && self.trapping_box.as_ref().is_none_or(|half_widths| {
                let mut pairs = state.iter().zip(half_widths);
                pairs.all(|(x, half_width)| x.abs() <= *half_width)
            })
    }

    /// Keeps I − J of the next fixed point in the list.
    fn keep(&mut self, factored: Option<Factored>) {
        let reduced = self.reduced.as_ref();
        let dim = reduced.map_or(self.map.dim(), |reduced| reduced.dim());
        let (Some(mut all), Some(next)) = (self.factored.take(), factored) else {
            return;
        };
        if (all.len() + 1) * dim * dim <= FACTORS_KEPT {
            all.push(next);
            self.factored = Some(all);
        }
    }

    /// Fills in the spectra of the points from `first` on.
    fn linearise(&mut self, first: usize) -> Result<(), SpectrumError> {
        let map = self.map;
        parallel::try_map(&mut self.findings.fixed_points[first..], |point| {
            point.spectrum = Spectrum::at(map, &point.state)?;
            Ok(())
        })?;
        Ok(())
    }
}
