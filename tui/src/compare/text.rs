//! What was compared, for people.

use std::fmt::Write as _;

use creode::comparison::coincidence::ghosts::Company;
use creode::comparison::measures;
use creode::comparison::runs::{Comparison, Digest, Group, PATH_MEASURES, PairSummary};
use creode::statistics::Estimate;

use crate::analyze::table::aligned;
use crate::reproduce::{estimate, number};

/// The measures with what they are.
pub(super) fn measures() -> String {
    let mut rows: Vec<[String; 2]> = measures::all()
        .iter()
        .map(|of| [of.name().to_owned(), of.about().to_owned()])
        .collect();
    rows.extend(PATH_MEASURES.map(|(name, about)| [name.to_owned(), about.to_owned()]));
    let mut text = aligned(&rows).join("\n");
    text.push('\n');
    text
}

/// Everything, the pairs if they are given; pairs are counted, of one seed or all.
pub(super) fn all(
    comparison: &Comparison,
    pairs: Option<&[PairSummary]>,
    of_one_seed: bool,
) -> String {
    let mut text = String::new();
    let mut section = |title: &str, rows: &[Vec<String>]| {
        let _ = writeln!(text, "{title}\n{}\n", aligned(rows).join("\n"));
    };
    if pairs.is_some() && comparison.runs.len() <= 40 {
        section("Runs", &runs(&comparison.runs));
    }
    let p = comparison.log_rank_p.map_or(String::new(), |p| {
        format!(
            " (log-rank test of the steps to the criterion: p = {})",
            number(p)
        )
    });
    section(&format!("Groups{p}"), &groups(&comparison.groups));
    if comparison.groups.len() > 1 {
        section(
            "Separation of the groups by each measure (silhouette and ANOSIM's R with 95 % intervals over runs)",
            &separation(comparison),
        );
    }
    let gains = gains(comparison);
    if gains.len() > 1 {
        section(
            "By how much better each measure tells the groups apart (95 % intervals over runs, the same resamples for both)",
            &gains,
        );
    }
    if (2..=6).contains(&comparison.groups.len()) {
        section(
            "Distance between two groups, and by how much it exceeds that within",
            &between(comparison),
        );
    }
    let counted = pair_counts(comparison, of_one_seed);
    if (2..=22).contains(&counted.len()) {
        let which = if of_one_seed {
            "Pairs of one seed"
        } else {
            "Pairs"
        };
        section(
            &format!(
                "{which}: how many have the same end (isomorphic graphs), and the same path (bifurcations in one order)"
            ),
            &counted,
        );
    }
    let around = around_events(comparison);
    if around.len() > 1 {
        section(
            "Around bifurcations, against those of other runs at the same share of the stage",
            &around,
        );
    }
    let at_drops = at_drops(comparison);
    if at_drops.len() > 1 {
        section(
            "Drops of the loss (ln loss falls by 0.2 from five steps to the next five), and what is within 5 steps of them",
            &at_drops,
        );
    }
    if let Some(pairs) = pairs {
        section(
            "Pairs: the same end? the same path?",
            &of_pairs(comparison, pairs),
        );
        if pairs.is_empty() {
            text.push_str("no pair is like that\n");
        }
        for line in reasons(comparison, pairs) {
            let _ = writeln!(text, "– {line}");
        }
    }
    text
}

fn head<const N: usize>(columns: [&str; N]) -> Vec<String> {
    columns.map(str::to_owned).to_vec()
}

fn runs(runs: &[Digest]) -> Vec<Vec<String>> {
    let mut rows = vec![head([
        "run",
        "group",
        "state",
        "steps",
        "loss",
        "accuracy",
        "to criterion",
        "committed",
        "events",
        "tortuosity",
    ])];
    for run in runs {
        let criterion = run.criterion.map_or(String::new(), |time| {
            let sign = if time.is_observed { "" } else { "> " };
            format!("{sign}{}", time.time)
        });
        let committed = run.commitment.map_or(String::new(), |step| {
            format!("{step}{}", if run.is_commitment_proved { "" } else { " ?" })
        });
        rows.push(vec![
            run.name.clone(),
            run.group.clone(),
            run.state.to_owned(),
            run.step.to_string(),
            number(run.loss),
            number(run.accuracy),
            criterion,
            committed,
            run.events
                .as_ref()
                .map_or(String::new(), |events| events.len().to_string()),
            number(run.tortuosity),
        ]);
    }
    rows
}

fn groups(groups: &[Group]) -> Vec<Vec<String>> {
    let mut rows = vec![head([
        "group",
        "runs",
        "learned",
        "median steps",
        "mean accuracy",
        "accuracy at end",
        "committed at",
        "events",
        "tortuosity",
    ])];
    for group in groups {
        rows.push(vec![
            group.name.clone(),
            group.count.to_string(),
            group.reached.to_string(),
            group.median_steps.map_or_else(|| "–".to_owned(), number),
            estimate(&group.area),
            estimate(&group.accuracy),
            estimate(&group.commitment),
            estimate(&group.events),
            estimate(&group.tortuosity),
        ]);
    }
    rows
}

fn separation(comparison: &Comparison) -> Vec<Vec<String>> {
    let mut rows = vec![head([
        "measure",
        "within",
        "between",
        "silhouette",
        "ANOSIM R",
        "p",
        "",
    ])];
    for of in &comparison.summaries {
        let mut row = vec![
            of.measure.clone(),
            estimate(&of.within),
            estimate(&of.between),
        ];
        match &of.separation {
            Ok(found) => row.extend([
                estimate(&found.silhouette),
                estimate(&found.r),
                number(found.anosim.p),
                String::new(),
            ]),
            Err(why) => row.extend(["–", "–", "–", why].map(str::to_owned)),
        }
        rows.push(row);
    }
    rows
}

/// What measures gain over the one that they are held against.
fn gains(comparison: &Comparison) -> Vec<Vec<String>> {
    let mut rows = vec![head([
        "measure",
        "gain in silhouette",
        "gain in ANOSIM R",
        "",
    ])];
    rows.extend(comparison.summaries.iter().filter_map(|of| {
        let cells = match of.gain.as_ref()? {
            Ok(gain) => [estimate(&gain.silhouette), estimate(&gain.r), String::new()],
            Err(why) => ["–".to_owned(), "–".to_owned(), why.clone()],
        };
        Some([vec![of.measure.clone()], cells.to_vec()].concat())
    }));
    rows
}

fn between(comparison: &Comparison) -> Vec<Vec<String>> {
    let mut rows = vec![head(["measure", "groups", "distance", "excess"])];
    for of in &comparison.between {
        rows.push(vec![
            of.measure.clone(),
            of.groups.join(" | "),
            estimate(&of.between),
            estimate(&of.excess),
        ]);
    }
    rows
}

fn pair_counts(comparison: &Comparison, of_one_seed: bool) -> Vec<Vec<String>> {
    let is_counted = |a: usize, b: usize| !of_one_seed || comparison.is_of_one_seed(a, b);
    let mut rows = vec![head([
        "groups",
        "pairs",
        "same end",
        "same path",
        "first events shared",
    ])];
    rows.extend(comparison.pair_counts(is_counted).iter().map(|of| {
        vec![
            of.groups.join(" | "),
            of.pairs.to_string(),
            of.same_end.to_string(),
            of.same_path.to_string(),
            number(of.first_events_shared),
        ]
    }));
    rows
}

/// Whether loss and gradient move where bifurcations are.
fn around_events(comparison: &Comparison) -> Vec<Vec<String>> {
    let mut rows = vec![head([
        "signal",
        "bifurcations",
        "strongest at lag (steps)",
        "excess over chance",
        "effect size",
        "p",
    ])];
    rows.extend(comparison.around_events(0).iter().map(|of| {
        let average = &of.average;
        vec![
            of.signal.to_owned(),
            average.events.to_string(),
            average.extreme_lag.to_string(),
            number(average.excess),
            number(average.effect_size),
            number(average.p),
        ]
    }));
    rows
}

/// What the drops of the loss come with.
fn at_drops(comparison: &Comparison) -> Vec<Vec<String>> {
    let mut rows = vec![head(["company", "drops", "share", "by chance", "p"])];
    rows.extend(comparison.at_drops(0).iter().map(|of| {
        vec![
            company(of.company).to_owned(),
            of.drops.to_string(),
            estimate(&of.share.share),
            number(of.share.by_chance),
            number(of.share.p),
        ]
    }));
    rows
}

/// What a drop comes with, in words.
pub(super) fn company(of: Company) -> &'static str {
    match of {
        Company::Bifurcation => "a bifurcation",
        Company::GhostAlone => "a ghost and no bifurcation",
        Company::Nothing => "neither",
    }
}

fn of_pairs(comparison: &Comparison, pairs: &[PairSummary]) -> Vec<Vec<String>> {
    let mut first = head(["run", "run", "end", "path", "first events shared"]);
    first.extend(comparison.distances.iter().map(|of| of.measure.clone()));
    let mut rows = vec![first];
    for pair in pairs {
        let [a, b] = pair.places.map(|place| comparison.runs[place].name.clone());
        let mut row = vec![
            a,
            b,
            pair.end.name().to_owned(),
            pair.path.name().to_owned(),
            pair.first_events_shared.to_string(),
        ];
        row.extend(pair.distances.iter().map(|distance| match distance {
            Ok(value) => number(*value),
            Err(_) => "–".to_owned(),
        }));
        rows.push(row);
    }
    rows
}

/// Why measures make no sense, each reason once.
fn reasons(comparison: &Comparison, pairs: &[PairSummary]) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for pair in pairs {
        for (of, distance) in comparison.distances.iter().zip(&pair.distances) {
            if let Err(why) = distance {
                let line = format!("{}: {why}", of.measure);
                if !lines.contains(&line) {
                    lines.push(line);
                }
            }
        }
    }
    lines
}

/// The number with its interval, for programs.
pub(super) fn ends(of: &Estimate) -> [Option<f64>; 3] {
    let [low, high] = of.interval.map_or([None; 2], |ends| ends.map(Some));
    [Some(of.value), low, high]
}
