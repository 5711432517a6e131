//! Which fixed point of one map becomes which of another, by following each along the family between them.
//!
//! Nearness is not asked: a fixed point of s = 0 and one of s = 1 are the same where one branch joins them, annihilated
//! where a branch joins two of s = 0, created where it joins two of s = 1. The indices sum to the same at both ends
//! unless a point goes to infinity or is missed: every history is held against that.
//!
//! Each fixed point at s = 0 or 1 is an end of a curve of G(x, s) = 0; curves end at s = 0, at s = 1 or at
//! infinity, so ends come in pairs:
//!
//! - an end at 0 and one at 1: the point continues, with the same index unless it went through folds on the way, an
//!   even number of them;
//! - two at 0, of opposite index: annihilated at a fold between; two at 1: created;
//! - one, and infinity: escaped or arrived (rectified units only; bounded units cannot).
//!
//! Isolas (closed curves with 0 < s < 1) have no end and are not seen.

use std::collections::BTreeMap;

use super::branch::{Branch, BranchEnd, ContinuationLimits, PathPoint, Route};
use super::tracing::trace;
use crate::dynamics::points::search::Known;
use crate::map::Family;
use crate::norms::{distance, scale_of};
use crate::parallel;

/// Points closer than this, relative to the largest coordinate (at least 1), are one.
const SAME_POINT: f64 = 1e-6;

/// The map that a fixed point belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum End {
    /// s = 0.
    Before,
    /// s = 1.
    After,
}

impl End {
    pub(in crate::landscape) fn other(self) -> Self {
        match self {
            Self::Before => Self::After,
            Self::After => Self::Before,
        }
    }

    pub(in crate::landscape) fn s(self) -> f64 {
        match self {
            Self::Before => 0.0,
            Self::After => 1.0,
        }
    }
}

/// A fixed point, by its place in one of the two lists of a [`Matching`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Node {
    /// Which list.
    pub end: End,
    /// Which place.
    pub place: usize,
}

/// One end of a branch.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// The fixed point.
    pub state: Vec<f64>,
    /// sign det(I − J).
    pub index: i8,
    /// Whether it was not in the list given, and a branch led to it.
    pub discovered: bool,
}

/// Where the branch from a fixed point led.
///
/// A branch that closed on itself, went to infinity or stalled leads nowhere.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Link {
    /// To this fixed point.
    To(Node),
    /// To neither end; the ending of the branch says why.
    Nowhere,
}

/// The branch from one fixed point of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Strand {
    /// Where it led.
    pub link: Link,
    /// The branch; its events are not located yet. It has no points if its ends were known to belong together.
    pub branch: Branch,
}

/// What becomes of the fixed points of a map.
///
/// Every place of `before` is in exactly one of `pairs`, `annihilated`, `unmatched_before`, `escaped`, `ended`, and
/// every place of `after` in one of `pairs`, `created`, `unmatched_after`, `arrived`, `begun`.
#[derive(Debug, Clone, PartialEq)]
pub struct Matching {
    /// Fixed points at s = 0: those given, in their order, then those discovered.
    pub before: Vec<Point>,
    /// The same at s = 1.
    pub after: Vec<Point>,
    /// The branch from each given point at s = 0.
    pub forward: Vec<Strand>,
    /// The branch from each given point at s = 1.
    pub backward: Vec<Strand>,
    /// (place before, place after) of those that continue.
    pub pairs: Vec<(usize, usize)>,
    /// Places of two fixed points at s = 0 that meet.
    pub annihilated: Vec<(usize, usize)>,
    /// Places of two fixed points at s = 1 that part.
    pub created: Vec<(usize, usize)>,
    /// Places at s = 0 of which no branch tells what becomes of them, or of which branches say different things.
    pub unmatched_before: Vec<usize>,
    /// The same at s = 1.
    pub unmatched_after: Vec<usize>,
    /// Places at s = 0 of fixed points that go to infinity on the way.
    pub escaped: Vec<usize>,
    /// Places at s = 1 of fixed points that come from infinity.
    pub arrived: Vec<usize>,
    /// Places at s = 0 of fixed points that stand on a bifurcation and that no single branch continues.
    pub ended: Vec<usize>,
    /// The same at s = 1.
    pub begun: Vec<usize>,
}

impl Matching {
    /// Σ of the indices at s = 0 and at s = 1, discovered points counted.
    pub fn index_sums(&self) -> (i32, i32) {
        let sum = |points: &[Point]| points.iter().map(|point| i32::from(point.index)).sum();
        (sum(&self.before), sum(&self.after))
    }

    /// Whether every fixed point has its fate, and the indices sum to the same at both ends, as they do where no fixed
    /// point can escape to infinity. A loop of fixed points between the ends stays unseen.
    ///
    /// The sums agree in networks of bounded units if both lists are complete; in rectified ones points may escape.
    pub fn is_conserved(&self) -> bool {
        let (before, after) = self.index_sums();
        before == after && self.unmatched_before.is_empty() && self.unmatched_after.is_empty()
    }

    /// The fixed point whose branch is the one of this point, travelled the other way.
    pub fn twin(&self, node: Node) -> Option<Node> {
        let other = self.led_to(node)?;
        (other != node && self.led_to(other) == Some(node)).then_some(other)
    }

    /// The branches from all given points: first forward, then backward.
    fn strands(&self) -> impl Iterator<Item = (Node, &Strand)> {
        let sides = [(End::Before, &self.forward), (End::After, &self.backward)];
        sides.into_iter().flat_map(|(end, strands)| {
            let numbered = strands.iter().enumerate();
            numbered.map(move |(place, strand)| (Node { end, place }, strand))
        })
    }

    fn points(&mut self, end: End) -> &mut Vec<Point> {
        match end {
            End::Before => &mut self.before,
            End::After => &mut self.after,
        }
    }
}

/// Matches the fixed points of a family at s = 0 with those at s = 1.
///
/// 1. Every fixed point of s = 0 is followed forward and every one of s = 1 backward.
/// 2. The end of a branch is looked up in the list of its side; a fixed point that is not there is added to it.
/// 3. Branches that contradict each other (a → b but b → c, or a ↔ b but c → a), or stalled, are followed again with steps
///    and limits eight times as careful.
/// 4. Two fixed points belong together if each leads to the other, or if one leads to the other, of which the branch
///    stalled or was not followed, and no third one does. One whose branch goes to infinity has no partner.
/// 5. The rest is looked at once more for fixed points that stand on a bifurcation themselves.
///
/// The lists should be complete; where one lacks a point, its partner leads to a discovered point, which the caller
/// may add. The index of a known point is used in the audit of the sums, and where the point stands on a
/// bifurcation.
pub fn match_ends<F: Family + ?Sized>(
    family: &F,
    before: &[Known<'_>],
    after: &[Known<'_>],
    limits: &ContinuationLimits,
) -> Matching {
    match_rest(family, before, after, &[], limits)
}

/// The same where some pairs (place before, place after) seem to belong together, as
/// [`natural_pairs`](super::natural::natural_pairs) finds them: they are followed only if the branch of a third point leads to
/// one of them, and count in the audit.
pub fn match_rest<F: Family + ?Sized>(
    family: &F,
    before: &[Known<'_>],
    after: &[Known<'_>],
    pairs: &[(usize, usize)],
    limits: &ContinuationLimits,
) -> Matching {
    let joined: [BTreeMap<usize, usize>; 2] = [
        pairs.iter().copied().collect(),
        pairs
            .iter()
            .map(|&(before, after)| (after, before))
            .collect(),
    ];
    let branches = |known: &[Known<'_>], end: End, joined: &BTreeMap<usize, usize>| {
        parallel::map(known.iter().enumerate(), |(place, point)| {
            let partner = joined.get(&place).copied();
            partner.map_or_else(|| Err(follow(family, point.state, end, limits)), Ok)
        })
    };
    let mut matching = Matching {
        before: given(before),
        after: given(after),
        forward: Vec::new(),
        backward: Vec::new(),
        pairs: Vec::new(),
        annihilated: Vec::new(),
        created: Vec::new(),
        unmatched_before: Vec::new(),
        unmatched_after: Vec::new(),
        escaped: Vec::new(),
        arrived: Vec::new(),
        ended: Vec::new(),
        begun: Vec::new(),
    };
    for (end, known, joined) in [
        (End::Before, before, &joined[0]),
        (End::After, after, &joined[1]),
    ] {
        let strands = branches(known, end, joined)
            .into_iter()
            .map(|followed| match followed {
                Ok(place) => Strand::known(end.other(), place),
                Err(branch) => matching.strand(end, branch),
            })
            .collect();
        match end {
            End::Before => matching.forward = strands,
            End::After => matching.backward = strands,
        }
    }
    matching.follow_again(family, limits);
    matching.drop_unreached();
    matching.settle();
    matching.settle_degenerate(family);
    matching
}

fn given(known: &[Known<'_>]) -> Vec<Point> {
    known
        .iter()
        .map(|point| Point {
            state: point.state.to_vec(),
            index: point.index,
            discovered: false,
        })
        .collect()
}

impl Strand {
    /// To a fixed point that is known to be its end.
    fn known(end: End, place: usize) -> Self {
        Self {
            link: Link::To(Node { end, place }),
            branch: Branch::smooth(Vec::new(), BranchEnd::Reached { s: end.s() }),
        }
    }
}

/// Step 1.
fn follow<F: Family + ?Sized>(
    family: &F,
    state: &[f64],
    end: End,
    limits: &ContinuationLimits,
) -> Branch {
    let route = Route::across(end.s(), end.other().s());
    trace(family, state, route, limits)
}

impl Matching {
    /// Step 2.
    fn strand(&mut self, from: End, branch: Branch) -> Strand {
        let end = match branch.ending {
            BranchEnd::Reached { .. } => Some(from.other()),
            BranchEnd::TurnedBack { .. } => Some(from),
            BranchEnd::Closed | BranchEnd::Infinite { .. } | BranchEnd::Stalled { .. } => None,
        };
        let link = match (end, branch.points.last()) {
            (Some(end), Some(last)) => Link::To(self.look_up(end, last)),
            _ => Link::Nowhere,
        };
        Strand { link, branch }
    }

    /// The fixed point of a list that a branch ended at: the nearest, if it is near, and nearer than half the way from it to
    /// any other of the list, so that partners in a young fold are told apart.
    fn look_up(&mut self, end: End, last: &PathPoint) -> Node {
        let state = &last.place.state;
        let tolerance = SAME_POINT * scale_of(state);
        let points = self.points(end);
        let off = |point: &Point| distance(&point.state, state);
        let nearest =
            (0..points.len()).min_by(|&a, &b| off(&points[a]).total_cmp(&off(&points[b])));
        let is_at = |place: &usize| {
            let others = points
                .iter()
                .enumerate()
                .filter(|(other, _)| other != place);
            let room = others
                .map(|(_, other)| distance(&other.state, &points[*place].state))
                .filter(|off| *off > 0.0)
                .fold(f64::INFINITY, f64::min);
            off(&points[*place]) <= tolerance.min(0.5 * room)
        };
        let place = nearest.filter(is_at).unwrap_or_else(|| {
            points.push(Point {
                state: state.clone(),
                index: last.tests.index,
                discovered: true,
            });
            points.len() - 1
        });
        Node { end, place }
    }

    /// Step 3.
    fn follow_again<F: Family + ?Sized>(&mut self, family: &F, limits: &ContinuationLimits) {
        let careful = ContinuationLimits {
            first_step: limits.first_step / 8.0,
            longest_step: limits.longest_step / 8.0,
            shortest_step: limits.shortest_step / 8.0,
            least_cosine: 1.0 - (1.0 - limits.least_cosine) / 8.0,
            contraction: limits.contraction / 8.0,
            most_points: 8 * limits.most_points,
            ..*limits
        };
        let doubtful: Vec<Node> = self
            .strands()
            .map(|(node, _)| node)
            .filter(|node| self.is_doubtful(*node))
            .collect();
        let states: Vec<(End, Vec<f64>)> = doubtful
            .iter()
            .map(|node| (node.end, self.points(node.end)[node.place].state.clone()))
            .collect();
        let branches = parallel::map(&states, |(end, state)| {
            follow(family, state, *end, &careful)
        });
        for (node, branch) in doubtful.into_iter().zip(branches) {
            let strand = self.strand(node.end, branch);
            match node.end {
                End::Before => self.forward[node.place] = strand,
                End::After => self.backward[node.place] = strand,
            }
        }
    }

    /// Removes discovered points that no branch leads to any more.
    fn drop_unreached(&mut self) {
        for end in [End::Before, End::After] {
            let reached: Vec<bool> = (0..self.points(end).len())
                .map(|place| self.claims(Node { end, place }).next().is_some())
                .collect();
            let mut places = Vec::new();
            let mut kept = 0;
            let points = self.points(end);
            for (point, reached) in points.iter().zip(reached) {
                places.push(kept);
                kept += usize::from(reached || !point.discovered);
            }
            let mut place = 0;
            points.retain(|_| {
                place += 1;
                places.get(place).copied().unwrap_or(kept) > places[place - 1]
            });
            for strand in self.forward.iter_mut().chain(&mut self.backward) {
                if let Link::To(node) = &mut strand.link
                    && node.end == end
                {
                    node.place = places[node.place];
                }
            }
        }
    }

    pub(in crate::landscape) fn strand_from(&self, node: Node) -> Option<&Strand> {
        let strands = match node.end {
            End::Before => &self.forward,
            End::After => &self.backward,
        };
        strands.get(node.place)
    }

    /// Where the branch from a fixed point led; `None` if it stalled or none was followed.
    fn led_to(&self, node: Node) -> Option<Node> {
        match self.strand_from(node)?.link {
            Link::To(other) => Some(other),
            Link::Nowhere => None,
        }
    }

    fn goes_to_infinity(&self, node: Node) -> bool {
        self.strand_from(node)
            .is_some_and(|strand| matches!(strand.branch.ending, BranchEnd::Infinite { .. }))
    }

    /// The fixed points whose branches led to one.
    fn claims(&self, to: Node) -> impl Iterator<Item = Node> {
        self.strands()
            .filter(move |(_, strand)| strand.link == Link::To(to))
            .map(|(node, _)| node)
    }

    /// Step 4.
    fn partner(&self, node: Node) -> Option<Node> {
        let mut claims = self.claims(node);
        let (first, more) = (claims.next(), claims.next().is_some());
        let partner = match (self.led_to(node), first) {
            (Some(partner), _) => match self.led_to(partner) {
                Some(back) => (back == node).then_some(partner),
                None => (self.claims(partner).count() == 1).then_some(partner),
            },
            (None, Some(claim)) => (!more).then_some(claim),
            (None, None) => None,
        };
        partner.filter(|partner| *partner != node)
    }

    /// Whether the branches tell no partner of a fixed point, or the branch of a third one leads to either of the two.
    fn is_doubtful(&self, node: Node) -> bool {
        let Some(partner) = self.partner(node) else {
            return true;
        };
        let is_third = |claim: Node| claim != node && claim != partner;
        self.claims(node).any(is_third) || self.claims(partner).any(is_third)
    }

    fn settle(&mut self) {
        for place in 0..self.before.len() {
            let end = End::Before;
            match self.partner(Node { end, place }) {
                Some(node) if node.end == End::After => self.pairs.push((place, node.place)),
                Some(node) if node.place > place => self.annihilated.push((place, node.place)),
                Some(_) => {}
                None if self.goes_to_infinity(Node { end, place }) => self.escaped.push(place),
                None => self.unmatched_before.push(place),
            }
        }
        for place in 0..self.after.len() {
            let end = End::After;
            match self.partner(Node { end, place }) {
                Some(node) if node.end == End::After && node.place > place => {
                    self.created.push((place, node.place));
                }
                Some(_) => {}
                None if self.goes_to_infinity(Node { end, place }) => self.arrived.push(place),
                None => self.unmatched_after.push(place),
            }
        }
    }
}

#[cfg(test)]
#[path = "matching_tests.rs"]
mod tests;
