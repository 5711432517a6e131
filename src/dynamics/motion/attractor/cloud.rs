//! States of an orbit, and how far other states are from them and from the path that joins them.
//!
//! Distances to thousands of states are taken thousands of times; a few pivots and the triangle inequality rule out
//! most of them. Results are those of comparing with all.

/// Steps are those of slow motion along a path if as many of them as this, one after the other, …
const GOES_ON: usize = 4;
/// … have directions with at least this cosine from one to the next …
const STRAIGHT: f64 = 0.98;
/// … and lengths that differ by no more than this factor.
const EVEN: f64 = 1.5;
/// A smooth path bends away from the lines between its states by a quarter of [`Cloud::bend`]; this is on the safe side.
const BEND: f64 = 0.5;
/// States that distances are estimated by, and states that they are chosen from.
const PIVOTS: usize = 6;
const CANDIDATES: usize = 64;
/// Fraction of the golden ratio: its multiples fall everywhere, and in step with no period.
const GOLDEN: f64 = 0.618_033_988_749_894_9;

/// The states of an orbit. Where its steps go on in nearly the same direction and with nearly the same length, as those of slow
/// motion along a curve do, the straight lines between successive states belong to it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Cloud {
    dim: usize,
    /// `[][dim]`, in order of time.
    states: Vec<f64>,
    /// Whether the line from each state to the next belongs to it.
    joined: Vec<bool>,
    /// Length of the longest of these lines.
    longest: f64,
    /// States far from each other, `[][dim]`.
    pivots: Vec<f64>,
    /// Distances of each state to them, `[][pivots]`: those of two states differ by no more than the states are apart.
    marks: Vec<f64>,
    /// Places of the states by rising distance to the first pivot.
    order: Vec<usize>,
}

impl Cloud {
    /// Of states `[][dim]` in order of time.
    pub(super) fn of(states: Vec<f64>, dim: usize) -> Self {
        let count = states.len() / dim;
        let at = |place: usize| &states[place * dim..][..dim];
        let mut joined = vec![false; count];
        let mut steady = 0;
        for place in 1..count.saturating_sub(1) {
            let goes_on = is_steady(at(place - 1), at(place), at(place + 1));
            steady = if goes_on { steady + 1 } else { 0 };
            // The steps before, between and behind these states.
            if steady + 1 >= GOES_ON {
                joined[place + 1 - GOES_ON..=place].fill(true);
            }
        }
        let lines = (0..count).filter(|&place| joined[place]);
        let squares = lines.map(|place| square(at(place), at(place + 1)));
        let longest = squares.fold(0.0, f64::max).sqrt();
        let pivots = pivots(&states, dim);
        let marks: Vec<f64> = states
            .chunks_exact(dim)
            .flat_map(|state| marks(state, &pivots))
            .collect();
        let each = pivots.len() / dim;
        let mut order: Vec<usize> = (0..count).collect();
        order.sort_by(|&a, &b| marks[a * each].total_cmp(&marks[b * each]));
        Self {
            dim,
            states,
            joined,
            longest,
            pivots,
            marks,
            order,
        }
    }

    pub(super) fn dim(&self) -> usize {
        self.dim
    }

    pub(super) fn states(&self) -> &[f64] {
        &self.states
    }

    fn at(&self, place: usize) -> &[f64] {
        &self.states[place * self.dim..][..self.dim]
    }

    /// Euclidean distance of a state to the nearest state or line.
    pub(super) fn distance(&self, state: &[f64]) -> f64 {
        self.distance_without(state, None, f64::INFINITY)
    }

    /// The same, or `None` if it is more than `most`.
    pub(super) fn distance_within(&self, state: &[f64], most: f64) -> Option<f64> {
        let distance = self.distance_without(state, None, most * (1.0 + f64::EPSILON));
        (distance <= most).then_some(distance)
    }

    /// How finely the cloud fills its set, at about so many of its states: how far each is from what is left of the cloud without
    /// it, or how far the path bends away from the lines there if that is more.
    pub(super) fn spacings(&self, count: usize) -> Vec<f64> {
        places(&self.states, self.dim, count)
            .into_iter()
            .map(|place| {
                let off = self.distance_without(self.at(place), Some(place), f64::INFINITY);
                off.max(BEND * self.bend(place))
            })
            .collect()
    }

    /// Distance of a state from the middle of the one before and the one behind it, 0 where these are not joined.
    fn bend(&self, place: usize) -> f64 {
        if place == 0 || !self.joined[place - 1] || !self.joined[place] {
            return 0.0;
        }
        let (before, here, after) = (self.at(place - 1), self.at(place), self.at(place + 1));
        let off = (0..self.dim).map(|j| (here[j] - 0.5 * (before[j] + after[j])).powi(2));
        off.sum::<f64>().sqrt()
    }

    /// No more than `most`.
    fn distance_without(&self, state: &[f64], without: Option<usize>, most: f64) -> f64 {
        let mut nearest = most * most;
        if let Some(place) = without.filter(|&at| at > 0 && self.joined[at - 1] && self.joined[at])
        {
            nearest = nearest.min(square_to_line(
                state,
                self.at(place - 1),
                self.at(place + 1),
            ));
        }
        let each = self.pivots.len() / self.dim;
        let wanted: Vec<f64> = marks(state, &self.pivots).collect();
        let middle = self
            .order
            .partition_point(|&place| self.marks[place * each] < wanted[0]);
        let mut look = |place: usize| {
            let reach = nearest.sqrt() + self.longest;
            let marks = &self.marks[place * each..][..each];
            if (marks[0] - wanted[0]).abs() > reach {
                return false;
            }
            let mut pairs = marks.iter().zip(&wanted);
            if without != Some(place) && pairs.all(|(a, b)| (a - b).abs() <= reach) {
                nearest = nearest.min(self.square_at(place, state, without, reach * reach));
            }
            true
        };
        for &place in &self.order[middle..] {
            if !look(place) {
                break;
            }
        }
        for &place in self.order[..middle].iter().rev() {
            if !look(place) {
                break;
            }
        }
        nearest.sqrt()
    }

    /// Squared distance to one state and the line from it to the next, or something larger than `bound`.
    fn square_at(&self, place: usize, state: &[f64], without: Option<usize>, bound: f64) -> f64 {
        let mut sum = 0.0;
        for (x, y) in self.at(place).iter().zip(state) {
            sum += (x - y) * (x - y);
            if sum > bound {
                return f64::INFINITY;
            }
        }
        if self.joined[place] && without != Some(place + 1) {
            sum = sum.min(square_to_line(state, self.at(place), self.at(place + 1)));
        }
        sum
    }
}

/// About `count` of the states `[][dim]` of an orbit, in order of time: half of them spread evenly in time, half along the
/// path, in step with no period of the motion.
pub(super) fn chosen(states: &[f64], dim: usize, count: usize) -> impl Iterator<Item = &[f64]> {
    let places = places(states, dim, count).into_iter();
    places.map(move |place| &states[place * dim..][..dim])
}

fn places(states: &[f64], dim: usize, count: usize) -> Vec<usize> {
    let all = states.len() / dim;
    if all <= count {
        return (0..all).collect();
    }
    let each = count.div_ceil(2);
    let share = |k: usize| ((k as f64 + 0.5) * GOLDEN).fract();
    let in_time = (0..each).map(|k| (share(k) * all as f64) as usize);
    let mut travelled = 0.0;
    let path: Vec<f64> = (1..all)
        .map(|place| {
            let (from, to) = states[(place - 1) * dim..][..2 * dim].split_at(dim);
            travelled += square(from, to).sqrt();
            travelled
        })
        .collect();
    let along = (0..each).map(|k| {
        let wanted = travelled * share(k);
        path.partition_point(|so_far| *so_far < wanted).min(all - 1)
    });
    let mut places: Vec<usize> = in_time.chain(along).collect();
    places.sort_unstable();
    places.dedup();
    places
}

/// The value that this share of the values do not exceed; 0 of none.
pub(super) fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(place.saturating_sub(1)).copied().unwrap_or(0.0)
}

/// Of every coordinate.
pub(super) fn mean_and_deviation(states: &[&[f64]]) -> (Vec<f64>, Vec<f64>) {
    let (count, dim) = (states.len() as f64, states.first().map_or(0, |x| x.len()));
    let average = |of: &dyn Fn(&[f64]) -> f64| states.iter().map(|x| of(x)).sum::<f64>() / count;
    let mean: Vec<f64> = (0..dim).map(|j| average(&|x| x[j])).collect();
    let deviation = |j: usize| average(&|x| (x[j] - mean[j]).powi(2)).sqrt();
    let deviations = (0..dim).map(deviation).collect();
    (mean, deviations)
}

/// A few of the states, each as far as possible from those before it.
fn pivots(states: &[f64], dim: usize) -> Vec<f64> {
    let some: Vec<&[f64]> = chosen(states, dim, CANDIDATES).collect();
    let mut near = vec![f64::INFINITY; some.len()];
    let mut place = 0;
    let mut pivots = Vec::new();
    for _ in 0..PIVOTS.min(dim + 1) {
        let Some(pivot) = some.get(place) else { break };
        pivots.extend_from_slice(pivot);
        for (near, state) in near.iter_mut().zip(&some) {
            *near = near.min(square(state, pivot));
        }
        let furthest = near.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
        place = furthest.map_or(0, |(place, _)| place);
    }
    pivots
}

fn marks(state: &[f64], pivots: &[f64]) -> impl Iterator<Item = f64> {
    let pivots = pivots.chunks_exact(state.len());
    pivots.map(|pivot| square(state, pivot).sqrt())
}

/// The coordinate with the largest extent.
pub(super) fn widest(states: &[f64], dim: usize) -> usize {
    let extent = |j: usize| {
        let values = states.iter().skip(j).step_by(dim);
        let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &x| {
            (low.min(x), high.max(x))
        });
        high - low
    };
    (0..dim)
        .max_by(|&a, &b| extent(a).total_cmp(&extent(b)))
        .unwrap_or(0)
}

fn square(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| (x - y) * (x - y)).sum()
}

/// Squared distance to the line from `a` to `b`.
fn square_to_line(state: &[f64], a: &[f64], b: &[f64]) -> f64 {
    let (mut along, mut whole) = (0.0, 0.0);
    for ((x, a), b) in state.iter().zip(a).zip(b) {
        along += (x - a) * (b - a);
        whole += (b - a) * (b - a);
    }
    let t = if whole > 0.0 {
        (along / whole).clamp(0.0, 1.0)
    } else {
        0.0
    };
    state
        .iter()
        .zip(a)
        .zip(b)
        .map(|((x, a), b)| (x - a - t * (b - a)).powi(2))
        .sum()
}

/// Whether the steps from `a` to `b` and from `b` to `c` have nearly the same direction and length.
fn is_steady(a: &[f64], b: &[f64], c: &[f64]) -> bool {
    let dot: f64 = (0..a.len()).map(|j| (b[j] - a[j]) * (c[j] - b[j])).sum();
    let (first, second) = (square(a, b), square(b, c));
    let is_even = first.max(second) <= EVEN * EVEN * first.min(second);
    is_even && first > 0.0 && dot >= STRAIGHT * (first * second).sqrt()
}
