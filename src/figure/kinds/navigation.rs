//! How networks in grid rooms find their way through training, and what they keep when nothing is perceived.

use std::collections::BTreeMap;
use std::path::Path;

use super::run::{Progress, condition, entry_at, events_at};
use super::{Choice, FigureError, FigureKind, Options, events};
use crate::figure::Figure;
use crate::figure::axis::Axis;
use crate::figure::plot::{Mark, Plot, Series};
use crate::figure::scene::{Colour, Glyph};
use crate::trace::Run;
use crate::trace::rows::{EventRow, RelaxationRow, ScoreRow};

/// Steps under the null drive after which it is told what the states still hold; where they were not kept, the most that were.
const RELAXED: u32 = 100;

/// The kind.
pub(super) struct Navigation;

impl FigureKind for Navigation {
    fn name(&self) -> &'static str {
        "navigation"
    }

    fn about(&self) -> &'static str {
        "scores in grid rooms through training, and what is decoded from states after steps without input, with bifurcations"
    }

    fn heeds(&self) -> &'static [Choice] {
        &[Choice::Axis, Choice::Condition]
    }

    fn draw(&self, folder: &Path, options: &Options) -> Result<Figure, FigureError> {
        let run = Run::open(folder)?;
        let (mut scores, mut relaxations) = (Vec::new(), Vec::new());
        for entry in run.entries() {
            scores.extend(run.scores(entry.checkpoint)?);
            relaxations.extend(run.relaxations(entry.checkpoint)?);
        }
        let last = run.entries().last().map(|entry| entry.step);
        let last = last.filter(|_| !scores.is_empty() || !relaxations.is_empty());
        let progress = Progress::new(&run, options.axis, last.ok_or(FigureError::NoRooms)?);
        let asked = options.condition.as_deref();
        let found = entry_at(&run, None).and_then(|entry| condition(&run, &entry, asked));
        let events = match found {
            Ok((name, _)) => events_at(&run, &name)?,
            // Scores alone can be drawn, too.
            Err(FigureError::NoLandscape) if options.condition.is_none() => Vec::new(),
            Err(error) => return Err(error),
        };
        Ok(figure(&scores, &relaxations, &events, &progress))
    }
}

fn figure(
    scores: &[ScoreRow],
    relaxations: &[RelaxationRow],
    events: &[EventRow],
    progress: &Progress,
) -> Figure {
    let mut plots = Vec::new();
    if !scores.is_empty() {
        plots.push(score_plot(scores, progress));
    }
    if !relaxations.is_empty() {
        plots.push(relaxation_plot(relaxations, progress));
    }
    if let Some(lowest) = plots.last_mut() {
        lowest.lanes = events::lanes(events, |event| progress.place(events::step(event)));
    }
    Figure {
        description: "Scores in grid rooms through training".to_owned(),
        plots,
        columns: 1,
    }
}

/// The scores of each room, with those of moves at random and of the shortest way.
fn score_plot(rows: &[ScoreRow], progress: &Progress) -> Plot {
    let mut rooms: BTreeMap<&str, Vec<&ScoreRow>> = BTreeMap::new();
    for row in rows {
        rooms.entry(&row.room).or_default().push(row);
    }
    let mut series = Vec::new();
    let looks = Colour::DISTINCT.into_iter().zip(Glyph::ALL).cycle();
    for ((room, rows), (colour, glyph)) in rooms.into_iter().zip(looks) {
        let along = |of: fn(&ScoreRow) -> f64| {
            let points = rows.iter();
            let points = points.map(|row| [progress.place(row.step as f64), of(row)]);
            points.collect::<Vec<_>>()
        };
        series.push(Series::new("", Mark::Thin, colour, along(|row| row.floor)));
        series.push(Series::new(
            "",
            Mark::Thin,
            colour,
            along(|row| row.ceiling),
        ));
        let score = along(|row| row.score);
        series.push(Series::new(room, Mark::Line, colour, score.clone()));
        series.push(Series::new(room, Mark::Filled(glyph), colour, score));
    }
    Plot::new(
        "score; thin: at random, shortest way",
        progress.axis(),
        Axis::new("score"),
        series,
    )
}

/// What is decoded from the states as they were recorded, and after steps under the first constant input.
/// What is decoded: its name, its colour, and where it stands in a row.
type Quantity = (&'static str, Colour, fn(&RelaxationRow) -> f64);

fn relaxation_plot(rows: &[RelaxationRow], progress: &Progress) -> Plot {
    let first = rows.first().map(|row| row.condition.as_str());
    let own = || {
        rows.iter()
            .filter(|row| Some(row.condition.as_str()) == first)
    };
    let kept = |asked: u32| own().any(|row| row.relaxed == asked);
    let most = own().map(|row| row.relaxed).max().unwrap_or(0);
    let relaxed = if kept(RELAXED) { RELAXED } else { most };
    let along = |steps: u32, of: fn(&RelaxationRow) -> f64| {
        let at_steps = own().filter(|row| row.relaxed == steps);
        let points = at_steps.map(|row| [progress.place(row.step as f64), of(row)]);
        points.collect::<Vec<_>>()
    };
    let after = |what: &str, steps: u32| match steps {
        0 => what.to_owned(),
        _ => format!("{what}, {steps} steps on"),
    };
    let quantities: [Quantity; 2] = [
        ("R² of position", Colour::BLUE, |row| row.position_r2),
        ("last wall", Colour::VERMILION, |row| row.last_wall),
    ];
    let mut series = Vec::new();
    let chance = along(0, |row| row.last_wall_chance);
    series.push(Series::new(
        "last wall, chance",
        Mark::Thin,
        Colour::INK,
        chance,
    ));
    for (what, colour, of) in quantities {
        for (steps, mark) in [(0, Mark::Line), (relaxed, Mark::Dashes)] {
            if steps == 0 || relaxed > 0 {
                series.push(Series::new(
                    &after(what, steps),
                    mark,
                    colour,
                    along(steps, of),
                ));
            }
        }
    }
    Plot::new("", progress.axis(), Axis::new("decoded"), series)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::figure::Width;
    use crate::figure::layout::words_off_page;

    const STEPS: [u64; 3] = [0, 120, 495];

    fn scores() -> Vec<ScoreRow> {
        let rooms = STEPS.iter().zip(0..).flat_map(|(&step, checkpoint)| {
            ["basic", "hole"].map(|room| {
                let score = -0.9 + 0.4 * f64::from(checkpoint) + 0.05 * room.len() as f64;
                ScoreRow {
                    checkpoint,
                    step,
                    room: room.to_owned(),
                    trials: 10,
                    arrived: 0.5,
                    score,
                    score_as_coded: score,
                    score_shortest: score,
                    floor: -0.8,
                    ceiling: 0.9,
                }
            })
        });
        rooms.collect()
    }

    fn relaxations(most: u32) -> Vec<RelaxationRow> {
        let rows = STEPS.iter().zip(0..).flat_map(|(&step, checkpoint)| {
            [0, most].map(|relaxed| RelaxationRow {
                checkpoint,
                step,
                condition: "nothing".to_owned(),
                relaxed,
                dimension: 3.0,
                speed: 0.1,
                position_r2: 0.3 * f64::from(checkpoint) - f64::from(relaxed) / 200.0,
                last_wall: 0.3 + 0.2 * f64::from(checkpoint),
                last_wall_chance: 0.3,
            })
        });
        rows.collect()
    }

    fn drawn(relaxations: &[RelaxationRow]) -> Figure {
        let sample = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/traces/sample"));
        let run = Run::open(sample).unwrap();
        let progress = Progress::new(&run, None, 495);
        let events = events_at(&run, "no pulse").unwrap();
        figure(&scores(), relaxations, &events, &progress)
    }

    #[test]
    fn scores_and_what_is_decoded_as_svg() {
        insta::assert_snapshot!(drawn(&relaxations(100)).scene(Width::ONE_COLUMN).to_svg());
    }

    #[test]
    fn every_room_has_its_score_between_floor_and_ceiling() {
        let figure = drawn(&[]);
        assert_eq!(figure.plots.len(), 1);
        let series = &figure.plots[0].series;
        assert_eq!(series.len(), 2 * 4);
        assert!(series.iter().all(|of| of.points.len() == STEPS.len()));
        assert!(!figure.plots[0].lanes.is_empty());
    }

    #[test]
    fn the_most_steps_stand_in_for_those_that_were_not_kept() {
        let figure = drawn(&relaxations(20));
        let names: Vec<&str> = figure.plots[1]
            .series
            .iter()
            .map(|of| of.name.as_str())
            .collect();
        assert_eq!(
            names,
            [
                "last wall, chance",
                "R² of position",
                "R² of position, 20 steps on",
                "last wall",
                "last wall, 20 steps on"
            ]
        );
        for mm in [85.0, 180.0] {
            let off = words_off_page(&figure.scene(Width { mm }));
            assert!(off.is_empty(), "at {mm} mm: {off:?}");
        }
    }
}
