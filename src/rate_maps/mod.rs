//! Where units are active: rate maps of a room, what they tell of the place, and how like grid and border cells they are.
//!
//! A room is a grid of rows × columns cells within its walls. What is recorded are samples: where the agent was, in which
//! trial, and the rate of each unit.
//!
//! 1. The rates in each cell are added up, less the unit's least rate over all samples, and so are the samples in it. Both
//!    are smoothed by the same Gaussian, and their ratio is the map ([`smoothing`]). Cells in which no sample was stay NaN
//!    and count nowhere: nothing is made up for places where nobody was.
//! 2. The map has a spatial information ([`information`]; Skaggs et al. 1993), a grid score ([`grid`]; Sargolini et al. 2006
//!    with the rings of Langston et al. 2010) and a border score ([`border`]; Solstad et al. 2008).
//! 3. The rates of each trial are shifted against the places, around its end, and the scores taken again ([`shuffles`]): the
//!    share (k + 1)/(n + 1) of shuffles with as high a score tells what chance gives a unit of the same rates.
//!
//! Rates less their least, because units of networks need not be silent anywhere and rates of some cells are negative.
//!
//! Skaggs et al. 1993, Advances in Neural Information Processing Systems 5:1030; Sargolini et al. 2006, Science 312:758;
//! Solstad et al. 2008, Science 322:1865; Langston et al. 2010, Science 328:1576.

pub mod border;
mod correlogram;
pub mod grid;
pub mod information;
mod places;
pub mod shuffles;
pub mod smoothing;

use faer::MatRef;

pub use places::Places;

use crate::parallel;
use crate::statistics::randomisation::stream_of_draw;
use border::border_score;
use grid::GridScorer;
use information::spatial_information;
use shuffles::{Shuffles, share_as_high};
use smoothing::Smoother;

/// How maps are made and tested.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RateMapSettings {
    /// Standard deviation of the Gaussian that smooths, in cells; 0 for none. Default 1.
    pub smoothing: f64,
    /// What spatial information, grid scores and border scores are held against.
    pub shuffles: Shuffles,
}

impl RateMapSettings {
    /// The defaults, with a seed for the shuffles.
    pub fn new(seed: u64) -> Self {
        Self {
            smoothing: 1.0,
            shuffles: Shuffles::new(seed),
        }
    }
}

/// Where one unit is active. A score that is not defined is NaN, and its share of shuffles 1.
#[derive(Debug, Clone, PartialEq)]
pub struct UnitMap {
    /// Smoothed mean rate in each cell, row by row; NaN where no sample was, and everywhere if a rate is not finite.
    pub rates: Vec<f64>,
    /// Spatial information of the rate above its least over all samples, in bits.
    pub information: f64,
    /// Share of shuffles with as much of it.
    pub information_p: f64,
    /// Grid score, between −2 and 2.
    pub grid_score: f64,
    /// Share of shuffles with as high a grid score.
    pub grid_p: f64,
    /// Border score, between −1 and 1.
    pub border_score: f64,
    /// Share of shuffles with as high a border score.
    pub border_p: f64,
}

/// The maps and scores of all units, in their order; the same on any number of threads.
///
/// `rates[(sample, unit)]` are in the order in which `places` were given. The shuffles of a unit depend on the seed and its
/// number alone.
///
/// # Panics
/// If there are not as many rows of rates as samples.
pub fn rate_maps(
    places: &Places,
    rates: MatRef<'_, f64>,
    settings: &RateMapSettings,
) -> Vec<UnitMap> {
    assert_eq!(places.samples(), rates.nrows(), "one row of rates a sample");
    let atlas = Atlas::new(places, settings);
    parallel::map(0..rates.ncols(), |unit| {
        atlas.unit(unit, &places.trace(rates, unit))
    })
}

/// What the maps of all units share.
struct Atlas<'a> {
    places: &'a Places,
    shuffles: Shuffles,
    smoother: Smoother,
    grid: GridScorer,
}

impl<'a> Atlas<'a> {
    fn new(places: &'a Places, settings: &RateMapSettings) -> Self {
        let [rows, columns] = places.size();
        Self {
            places,
            shuffles: settings.shuffles,
            smoother: Smoother::new(rows, columns, places.occupancy(), settings.smoothing),
            grid: GridScorer::new(rows, columns, places.occupancy()),
        }
    }

    /// Map and scores of one unit, from its rates in the order of `places`.
    fn unit(&self, unit: usize, trace: &[f64]) -> UnitMap {
        let least = trace.iter().copied().fold(f64::INFINITY, f64::min);
        let above: Vec<f64> = trace.iter().map(|rate| rate - least).collect();
        if above.iter().any(|rate| !rate.is_finite()) {
            return self.undefined();
        }
        let map = self.map(&above, None);
        let [information, border_score] = self.cheap_scores(&map);
        let grid_score = self.grid.score(&map);
        let drawn = self.shuffled(unit, &above);
        UnitMap {
            rates: map.iter().map(|rate| rate + least).collect(),
            information,
            information_p: share_as_high(information, &drawn[0]),
            grid_score,
            grid_p: share_as_high(grid_score, &drawn[1]),
            border_score,
            border_p: share_as_high(border_score, &drawn[2]),
        }
    }

    /// Information, grid scores and border scores of the shuffles.
    fn shuffled(&self, unit: usize, above: &[f64]) -> [Vec<f64>; 3] {
        let mut rng = stream_of_draw(self.shuffles.seed, unit);
        let mut scores = [const { Vec::new() }; 3];
        for number in 0..self.shuffles.count.max(self.shuffles.grid_count) {
            let shifts = self.shuffles.shifts(self.places.trials(), &mut rng);
            let map = self.map(above, Some(&shifts));
            if number < self.shuffles.count {
                let [information, border] = self.cheap_scores(&map);
                scores[0].push(information);
                scores[2].push(border);
            }
            if number < self.shuffles.grid_count {
                scores[1].push(self.grid.score(&map));
            }
        }
        scores
    }

    fn map(&self, above: &[f64], shifts: Option<&[usize]>) -> Vec<f64> {
        self.smoother.map(&self.places.sums(above, shifts))
    }

    fn cheap_scores(&self, map: &[f64]) -> [f64; 2] {
        let [rows, columns] = self.places.size();
        [
            spatial_information(map, self.places.occupancy()),
            border_score(rows, columns, map),
        ]
    }

    fn undefined(&self) -> UnitMap {
        UnitMap {
            rates: vec![f64::NAN; self.places.occupancy().len()],
            information: f64::NAN,
            information_p: 1.0,
            grid_score: f64::NAN,
            grid_p: 1.0,
            border_score: f64::NAN,
            border_p: 1.0,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
