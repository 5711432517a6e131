//! Many networks held against each other by a measure that is chosen when the program runs.

use std::any::Any;
use std::borrow::Cow;
use std::collections::BTreeMap;

use super::measure::{Measure, Senseless};
use super::portrait::Portrait;
use crate::parallel;

/// What some measure keeps of a network.
pub struct AnyView(Box<dyn Any + Send + Sync>);

/// A measure of any kind.
pub trait AnyMeasure: Sync {
    /// Name on the command line and in tables.
    fn name(&self) -> &'static str;

    /// What it is, with its source, in a sentence or two.
    fn about(&self) -> &'static str;

    /// What two networks must share for it to make sense.
    fn needs(&self) -> &'static str;

    /// What it keeps of a network, which need not stay in memory.
    fn view(&self, portrait: &Portrait) -> Result<AnyView, Senseless>;

    /// Gets networks ready to be compared with each other, from views of this measure.
    fn gather<'m>(&'m self, views: Vec<Result<AnyView, Senseless>>) -> Box<dyn Gathered + 'm>;
}

/// Networks that one measure compares.
pub trait Gathered: Send + Sync {
    /// How many.
    fn count(&self) -> usize;

    /// The distance of two, by their places.
    fn distance(&self, a: usize, b: usize) -> Result<f64, Senseless>;

    /// What to keep in mind of the distances of one.
    fn caveat(&self, place: usize) -> Option<Cow<'static, str>>;

    /// The class of one, if its measure sorts networks into classes of the same distances to all others.
    fn class(&self, place: usize) -> Option<usize>;
}

/// The distances of all pairs.
#[derive(Debug, Clone, PartialEq)]
pub struct Matrix {
    count: usize,
    /// Row by row, each from its diagonal on.
    cells: Vec<Result<f64, Senseless>>,
}

impl Matrix {
    /// The distances of all pairs, computed in parallel; those of two classes once.
    pub fn of(gathered: &dyn Gathered) -> Self {
        let count = gathered.count();
        // The first of each class stands for it.
        let mut first: BTreeMap<usize, usize> = BTreeMap::new();
        let stand_in: Vec<usize> = (0..count)
            .map(|place| {
                gathered
                    .class(place)
                    .map_or(place, |class| *first.entry(class).or_insert(place))
            })
            .collect();
        let rows: Vec<Vec<Result<f64, Senseless>>> = parallel::map(0..count, |a| {
            let is_own = stand_in[a] == a;
            let others = (a..count).filter(|b| is_own && stand_in[*b] == *b);
            others.map(|b| gathered.distance(a, b)).collect()
        });
        // Place of each stand-in among those.
        let mut ordinal = vec![0; count];
        let mut next = 0;
        for place in 0..count {
            ordinal[place] = next;
            next += usize::from(stand_in[place] == place);
        }
        let cell = |a: usize, b: usize| {
            let (a, b) = (stand_in[a].min(stand_in[b]), stand_in[a].max(stand_in[b]));
            rows[a][ordinal[b] - ordinal[a]].clone()
        };
        let pairs = (0..count).flat_map(|a| (a..count).map(move |b| (a, b)));
        let cells = pairs.map(|(a, b)| cell(a, b)).collect();
        Self { count, cells }
    }

    /// From a function of two places, the first not greater than the second; in parallel.
    pub fn from_fn(
        count: usize,
        distance: impl Fn(usize, usize) -> Result<f64, Senseless> + Sync,
    ) -> Self {
        let rows: Vec<Vec<Result<f64, Senseless>>> =
            parallel::map(0..count, |a| (a..count).map(|b| distance(a, b)).collect());
        Self {
            count,
            cells: rows.into_iter().flatten().collect(),
        }
    }

    /// Of how many networks.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The distance of two, by their places.
    pub fn cell(&self, a: usize, b: usize) -> &Result<f64, Senseless> {
        let (a, b) = (a.min(b), a.max(b));
        // Rows before row a have count, count − 1, … cells.
        let before = a * self.count - a * a.saturating_sub(1) / 2;
        &self.cells[before + b - a]
    }
}

/// The distances of all pairs of networks that are all in memory.
pub fn matrix(measure: &dyn AnyMeasure, portraits: &[Portrait]) -> Matrix {
    let views = parallel::map(portraits, |portrait| measure.view(portrait));
    Matrix::of(&*measure.gather(views))
}

impl<M: Measure> AnyMeasure for M
where
    M::View: 'static,
{
    fn name(&self) -> &'static str {
        Measure::name(self)
    }

    fn about(&self) -> &'static str {
        Measure::about(self)
    }

    fn needs(&self) -> &'static str {
        Measure::needs(self)
    }

    fn view(&self, portrait: &Portrait) -> Result<AnyView, Senseless> {
        Ok(AnyView(Box::new(Measure::view(self, portrait)?)))
    }

    fn gather<'m>(&'m self, views: Vec<Result<AnyView, Senseless>>) -> Box<dyn Gathered + 'm> {
        let own = |view: AnyView| -> Result<M::View, Senseless> {
            let view = view.0.downcast::<M::View>();
            view.map(|view| *view)
                .map_err(|_| Senseless::because("what was kept of it belongs to another measure"))
        };
        let mut views: Vec<_> = views.into_iter().map(|view| view.and_then(own)).collect();
        let mut seen: Vec<&mut M::View> = views
            .iter_mut()
            .filter_map(|view| view.as_mut().ok())
            .collect();
        self.settle(&mut seen);
        Box::new(Views {
            measure: self,
            views,
        })
    }
}

/// Settled views of one measure.
struct Views<'m, M: Measure> {
    measure: &'m M,
    views: Vec<Result<M::View, Senseless>>,
}

impl<M: Measure> Views<'_, M> {
    fn view(&self, place: usize) -> Result<&M::View, Senseless> {
        self.views[place].as_ref().map_err(Clone::clone)
    }
}

impl<M: Measure> Gathered for Views<'_, M> {
    fn count(&self) -> usize {
        self.views.len()
    }

    fn distance(&self, a: usize, b: usize) -> Result<f64, Senseless> {
        self.measure.distance(self.view(a)?, self.view(b)?)
    }

    fn caveat(&self, place: usize) -> Option<Cow<'static, str>> {
        self.measure.caveat(self.views[place].as_ref().ok()?)
    }

    fn class(&self, place: usize) -> Option<usize> {
        self.measure.class(self.views[place].as_ref().ok()?)
    }
}
