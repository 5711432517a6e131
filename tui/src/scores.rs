//! `creode scores`: how well the networks of a population find their way.

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::Args;
use creode::population::scores::ScoreTable;
use creode::population::{Population, is_population};
use creode::statistics::Estimate;
use creode::text::escaped;
use creode::trace::rows::NetworkScoreRow;

use crate::analyze::table::aligned;
use crate::arguments::TracesFolder;
use crate::say::{print, say};

/// Arguments of `creode scores`.
#[derive(Debug, Args)]
pub(crate) struct ScoresArgs {
    /// Name of a population under the traces directory, or its folder
    #[arg(value_name = "POPULATION")]
    population: String,
}

/// Prints the scores, and keeps them as `network_scores.parquet`.
pub(crate) fn run(args: &ScoresArgs, place: &TracesFolder) -> anyhow::Result<u8> {
    let population = open(&args.population, place)?;
    let scores = population.scores()?;
    if scores.rows.is_empty() {
        bail!(
            "no finished run of {} has scores: they are of runs with the task `navigation`",
            population.name()
        );
    }
    tell(&population, &scores)?;
    Ok(0)
}

/// Prints and keeps scores.
pub(crate) fn tell(population: &Population, scores: &ScoreTable) -> anyhow::Result<()> {
    print(&text(scores))?;
    if let Err(error) = population.write_scores(scores) {
        say!("note: the table of the scores could not be written: {error}");
    }
    Ok(())
}

/// The scores of a population as a figure.
pub(crate) fn figure(name: &str, place: &TracesFolder) -> anyhow::Result<creode::figure::Figure> {
    let population = open(name, place)?;
    let table = population.scores()?;
    if table.rows.is_empty() {
        bail!("no finished run of {} has scores", population.name());
    }
    Ok(table.drawing().figure())
}

fn open(name: &str, place: &TracesFolder) -> anyhow::Result<Population> {
    let there = [place.traces.join(name), PathBuf::from(name)];
    let dir = there.into_iter().find(|dir| is_population(dir));
    let dir = dir.with_context(|| format!("there is no population {}", escaped(name)))?;
    Ok(Population::open(&dir)?)
}

/// Means over seeds, which network leads where, and the components that tell rooms apart.
fn text(table: &ScoreTable) -> String {
    let (networks, rooms) = (table.networks(), table.rooms());
    let late = |row: &NetworkScoreRow| row.late;
    let mut rows = vec![["room".to_owned()].to_vec()];
    let names = networks.iter().map(|name| escaped(name).into_owned());
    rows[0].extend(names.chain(["floor".to_owned(), "ceiling".to_owned(), "ahead".to_owned()]));
    for room in &rooms {
        let mut row = vec![escaped(room).into_owned()];
        row.extend(
            networks
                .iter()
                .map(|network| told(&table.mean(network, room, late))),
        );
        let of_room = table.rows.iter().find(|row| row.room == *room);
        let bounds = of_room.map_or([f64::NAN; 2], |row| [row.floor, row.ceiling]);
        row.extend(bounds.map(|bound| format!("{bound:.2}")));
        row.push(ahead(table, room));
        rows.push(row);
    }
    let mut text = String::from(
        "mean score of the last three checkpoints, over seeds, with its 95 % interval: length of the way by the walls over the \
         time, -1 for who does not arrive\n\n",
    );
    for line in aligned(&rows) {
        text.push_str(&line);
        text.push('\n');
    }
    let components = table.components();
    if let Some(second) = components.get(1) {
        let _ = write!(
            text,
            "\ncoefficients of the rooms in the second principal component ({:.0} % of the variance; the first has {:.0} %):",
            100.0 * second.share,
            100.0 * components[0].share
        );
        for (room, coefficient) in rooms.iter().zip(&second.coefficients) {
            let _ = write!(text, " {} {coefficient:+.2}", escaped(room));
        }
        text.push('\n');
    }
    text
}

fn told(estimate: &Estimate) -> String {
    match estimate.interval {
        Some([low, high]) => format!("{:+.2} [{low:+.2}, {high:+.2}]", estimate.value),
        None if estimate.value.is_finite() => format!("{:+.2}", estimate.value),
        None => "–".to_owned(),
    }
}

/// Which network leads, and whether the interval of the lead leaves that open.
fn ahead(table: &ScoreTable, room: &str) -> String {
    let Some(winner) = table.winner(room) else {
        return "–".to_owned();
    };
    let lead = format!(
        "by {:.2} before {}",
        winner.lead.value,
        escaped(&winner.second)
    );
    let best = escaped(&winner.best);
    match winner.lead.interval {
        Some([low, _]) if low > 0.0 => format!("{best} {lead}"),
        _ => format!("{best}? {lead}, which the seeds leave open"),
    }
}
