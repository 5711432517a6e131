//! Where units are active: the rate maps of those that tell most of the place.

use std::path::Path;

use super::{Choice, FigureError, FigureKind, Moment, Options};
use crate::figure::Figure;
use crate::figure::axis::{Axis, Scale};
use crate::figure::plot::{Cells, ColourBar, Note, Plot, Proportions};
use crate::trace::rows::RateMapRow;
use crate::trace::{Entry, Run, TraceError};

/// Maps beside each other.
const ACROSS: usize = 4;
/// Most maps of a figure.
const MOST: usize = 12;
/// Room above a map for its scores, and between maps, as shares of its side.
const HEAD: f64 = 0.45;
const BETWEEN: f64 = 0.12;
/// Where nothing is drawn.
const BLANK: f64 = f64::NEG_INFINITY;

/// The kind.
pub(super) struct RateMaps;

impl FigureKind for RateMaps {
    fn name(&self) -> &'static str {
        "rate-maps"
    }

    fn about(&self) -> &'static str {
        "where the units are active that tell most of the place, with information, grid and border scores"
    }

    fn heeds(&self) -> &'static [Choice] {
        &[Choice::Moment]
    }

    fn draw(&self, folder: &Path, options: &Options) -> Result<Figure, FigureError> {
        let run = Run::open(folder)?;
        let (step, maps) = match options.moment {
            Some(moment) => {
                let entry = entry_of(&run, moment).ok_or(FigureError::NoRateMaps)?;
                (entry.step, maps_of(&run, entry.checkpoint)?)
            }
            None => last_maps(&run)?,
        };
        if maps.is_empty() {
            return Err(FigureError::NoRateMaps);
        }
        Ok(figure(step, &maps))
    }
}

/// The checkpoint at a moment, whether or not it has a landscape.
fn entry_of(run: &Run, moment: Moment) -> Option<Entry> {
    let is_it = |entry: &&Entry| match moment {
        Moment::Checkpoint(number) => entry.checkpoint == number,
        Moment::Step(step) => entry.step <= step,
    };
    run.entries().iter().rev().find(is_it).copied()
}

/// The maps of a checkpoint, by falling information.
fn maps_of(run: &Run, checkpoint: u32) -> Result<Vec<RateMapRow>, TraceError> {
    let mut maps = run.rate_maps(checkpoint)?;
    maps.retain(|map| map.columns > 0 && !map.rates.is_empty() && !map.information.is_nan());
    maps.sort_by(|a, b| {
        let by_information = b.information.total_cmp(&a.information);
        by_information.then(a.unit.cmp(&b.unit))
    });
    Ok(maps)
}

/// Those of the last checkpoint that has some, with its step.
fn last_maps(run: &Run) -> Result<(u64, Vec<RateMapRow>), TraceError> {
    for entry in run.entries().iter().rev() {
        let maps = maps_of(run, entry.checkpoint)?;
        if !maps.is_empty() {
            return Ok((entry.step, maps));
        }
    }
    Ok((0, Vec::new()))
}

fn figure(step: u64, maps: &[RateMapRow]) -> Figure {
    let maps = &maps[..maps.len().min(MOST)];
    let page = Page::of(maps);
    let mut rows = vec![vec![BLANK; page.width]; page.height];
    let mut notes = Vec::new();
    for (number, map) in maps.iter().enumerate() {
        let (top, left) = page.corner(number);
        for (at, share) in shares(map).into_iter().enumerate() {
            let (row, column) = (at / usize::from(map.columns), at % usize::from(map.columns));
            rows[top + row][left + column] = share;
        }
        let texts = [
            format!("{}: {:.2} bit", map.unit, map.information),
            format!("g {:.2} b {:.2}", map.grid_score, map.border_score),
        ];
        for (text, above) in texts.into_iter().zip([0.72, 0.26]) {
            let x = left as f64 + 0.5 * f64::from(map.columns);
            let y = (page.height - top) as f64 + above * page.head as f64;
            notes.push(Note { at: [x, y], text });
        }
    }
    let across = Axis::between("", [0.0, page.width as f64]).without_ticks();
    let down = Axis::between("", [0.0, page.height as f64]).without_ticks();
    let title = format!("step {step}; g: grid score, b: border score");
    let plot = Plot {
        cells: Some(Cells { rows }),
        notes,
        colour_bar: Some(ColourBar {
            label: "rate, least to most of each unit".to_owned(),
            range: [0.0, 1.0],
            scale: Scale::Linear,
        }),
        proportions: Proportions::EqualUnits,
        ..Plot::new(&title, across, down, Vec::new())
    };
    Figure {
        description: format!("Rate maps of {} units at step {step}", maps.len()),
        ..Figure::from(plot)
    }
}

/// How the maps lie on a common grid of cells.
struct Page {
    /// Rows and columns of the largest map.
    map: (usize, usize),
    head: usize,
    between: usize,
    height: usize,
    width: usize,
}

impl Page {
    fn of(maps: &[RateMapRow]) -> Self {
        let rows = |map: &RateMapRow| map.rates.len().div_ceil(usize::from(map.columns).max(1));
        let height = maps.iter().map(rows).max().unwrap_or(1);
        let width = maps.iter().map(|map| usize::from(map.columns)).max();
        let width = width.unwrap_or(1);
        let of_side = |share: f64| (share * height.max(width) as f64).ceil() as usize;
        let (head, between) = (of_side(HEAD), of_side(BETWEEN));
        let across = maps.len().clamp(1, ACROSS);
        let down = maps.len().div_ceil(ACROSS).max(1);
        Self {
            map: (height, width),
            head,
            between,
            height: down * (head + height),
            width: across * (width + between) - between,
        }
    }

    /// Row and column at which a map begins.
    fn corner(&self, number: usize) -> (usize, usize) {
        let (row, column) = (number / ACROSS, number % ACROSS);
        (
            row * (self.head + self.map.0) + self.head,
            column * (self.map.1 + self.between),
        )
    }
}

/// The rates as shares of the way from the least to the most.
fn shares(map: &RateMapRow) -> Vec<f64> {
    let finite = || map.rates.iter().copied().filter(|rate| rate.is_finite());
    let low = finite().fold(f64::INFINITY, f64::min);
    let high = finite().fold(f64::NEG_INFINITY, f64::max);
    let range = if high > low { high - low } else { 1.0 };
    let share = |rate: &f64| {
        if rate.is_finite() {
            (rate - low) / range
        } else {
            f64::NAN
        }
    };
    map.rates.iter().map(share).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::Width;
    use crate::figure::layout::words_off_page;

    fn map(unit: u32, rates: Vec<f64>) -> RateMapRow {
        RateMapRow {
            checkpoint: 0,
            step: 0,
            unit,
            columns: 3,
            rates,
            information: 1.25,
            information_p: 0.01,
            grid_score: -0.5,
            grid_p: 0.5,
            border_score: 0.125,
            border_p: 0.5,
        }
    }

    fn maps(count: u32) -> Vec<RateMapRow> {
        let rates = |unit: u32| (0..9).map(|at| f64::from(at * (unit + 1) % 7)).collect();
        (0..count).map(|unit| map(unit, rates(unit))).collect()
    }

    #[test]
    fn every_map_has_its_place_and_reaches_from_0_to_1() {
        let figure = figure(7, &maps(6));
        let rows = figure.plots[0]
            .cells
            .clone()
            .map_or_else(Vec::new, |cells| cells.rows);
        let drawn = rows.iter().flatten().filter(|share| share.is_finite());
        assert_eq!(drawn.clone().count(), 6 * 9);
        assert!(drawn.clone().all(|share| (0.0..=1.0).contains(share)));
        assert_eq!(drawn.filter(|share| **share == 0.0).count(), 6 + 6);
        assert_eq!(figure.plots[0].notes.len(), 12);
    }

    #[test]
    fn rate_maps_as_svg() {
        let figure = figure(7, &maps(5));
        insta::assert_snapshot!(figure.scene(Width::ONE_COLUMN).to_svg());
    }

    #[test]
    fn twelve_maps_fit_on_the_page() {
        for mm in [85.0, 180.0] {
            let off = words_off_page(&figure(7, &maps(40)).scene(Width { mm }));
            assert!(off.is_empty(), "at {mm} mm: {off:?}");
        }
    }

    #[test]
    fn rates_that_are_all_the_same_or_not_finite_are_drawn() {
        assert_eq!(shares(&map(0, vec![2.0, 2.0])), [0.0, 0.0]);
        assert!(shares(&map(0, vec![f64::NAN, 2.0]))[0].is_nan());
    }
}
