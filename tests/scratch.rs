#[test]
fn of_run() {
    let dir = std::env::var("RUN_DIR").unwrap();
    let t = std::time::Instant::now();
    let h = creode::lab::history::of_run(std::path::Path::new(&dir), 1, &|_, _| {}).unwrap();
    let n: usize = h.intervals.iter().map(|i| i.events.len()).sum();
    let u: usize = h.intervals.iter().map(|i| i.unexplained.len()).sum();
    println!(
        "{n} events, {u} unexplained, {:.2} s",
        t.elapsed().as_secs_f64()
    );
}

use creode::cell::formula::RateFormula;
use creode::cell::map::CellMap;
use creode::cell::path::CellPath;
use creode::cell::spec::{Activation, LeakyForm};
use creode::dynamics::search::{Limits as SearchLimits, search};
use creode::dynamics::starts::simulated;
use creode::landscape::branch::{Branch, Ending, Limits, Route};
use creode::landscape::event::events;
use creode::landscape::path::trace;
use creode::landscape::test_functions::{Between, between};
use creode::map::{Family as _, Map as _};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

fn network(rng: &mut ChaCha8Rng, kind: u64, n: usize, gain: f64) -> CellMap {
    let mut draw = |count: usize, size: f64| -> Vec<f64> {
        (0..count)
            .map(|_| size * rng.random_range(-1.0..1.0))
            .collect()
    };
    let g = gain * (3.0 / n as f64).sqrt();
    match kind {
        0 => CellMap::vanilla(&draw(n * n, g), draw(n, 1.5)),
        1 => CellMap::rate(
            RateFormula {
                activation: Activation::Tanh,
                leak: Some((LeakyForm::Rates, 0.3)),
            },
            &draw(n * n, g),
            draw(n, 1.5),
        ),
        2 => CellMap::rate(
            RateFormula {
                activation: Activation::Tanh,
                leak: Some((LeakyForm::Currents, 0.4)),
            },
            &draw(n * n, 1.5 * g),
            draw(n, 1.5),
        ),
        3 => CellMap::ugrnn(&draw(2 * n * n, g), draw(2 * n, 1.0)),
        4 => CellMap::gru(&draw(3 * n * n, g), &draw(3 * n, 1.0), &draw(3 * n, 0.5)),
        _ => CellMap::lstm(&draw(4 * n * n, g), draw(4 * n, 1.0)),
    }
}

/// Events seen by signs alone on a branch of fine steps.
fn by_signs(branch: &Branch) -> Vec<(String, f64)> {
    let mut out = Vec::new();
    for pair in branch.points.windows(2) {
        match between(&pair[0].tests, &pair[1].tests) {
            Between::Nothing => {}
            Between::One(change) => out.push((
                format!("{change:?}"),
                0.5 * (pair[0].place.s + pair[1].place.s),
            )),
            Between::Unexplained => {
                out.push(("?".to_owned(), 0.5 * (pair[0].place.s + pair[1].place.s)))
            }
        }
    }
    out
}

#[test]
fn coarse_against_fine() {
    let from: u64 = std::env::var("FROM").map_or(0, |t| t.parse().unwrap());
    let count: u64 = std::env::var("COUNT").map_or(100, |t| t.parse().unwrap());
    let (mut fine_events, mut coarse_events, mut branches, mut bad) = (0, 0, 0, 0);
    let mut plain = 0;
    for seed in from..from + count {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let kind = seed % 6;
        let n = rng.random_range(2..7);
        let gain = rng.random_range(0.5..5.0);
        let a = network(&mut rng, kind, n, gain);
        let b = network(&mut rng, kind, n, gain);
        let path = CellPath::new(a, b).unwrap();
        let starts = simulated(&path.at(0.0), 64, 0.5, seed);
        let found = search(&path.at(0.0), &[], &starts, SearchLimits::default()).unwrap();
        for point in found.fixed_points.iter().take(4) {
            let route = Route::across(0.0, 1.0);
            let coarse = trace(&path, &point.state, route, &Limits::default());
            let fine = trace(
                &path,
                &point.state,
                route,
                &Limits {
                    first_step: 0.002,
                    longest_step: 0.002,
                    shortest_step: 1e-8,
                    most_points: 20000,
                    ..Limits::default()
                },
            );
            if matches!(coarse.ending, Ending::Stalled { .. })
                || matches!(fine.ending, Ending::Stalled { .. })
            {
                continue;
            }
            branches += 1;
            let found = events(&path, &coarse);
            let signs = by_signs(&fine);
            fine_events += signs.len();
            coarse_events += found.len();
            plain += by_signs(&coarse).len();
            let mut left: Vec<(String, f64)> = found
                .iter()
                .map(|e| (e.kind.code().to_owned(), e.place.s))
                .collect();
            let mut missing = Vec::new();
            for (kind, s) in &signs {
                let code = match kind.as_str() {
                    "Fold" => "LP",
                    "BranchPoint" => "BP",
                    "Flip" => "PD",
                    "NeimarkSacker" => "NS",
                    _ => "?",
                };
                match left
                    .iter()
                    .position(|(k, t)| (k == code || code == "?") && (t - s).abs() < 0.003)
                {
                    Some(p) => {
                        left.remove(p);
                    }
                    None => missing.push((kind.clone(), *s)),
                }
            }
            if !missing.is_empty() || !left.is_empty() {
                bad += 1;
                for e in &found {
                    println!(
                        "   coarse {} {:.9} x {:.6?} {:?} -> {:?}",
                        e.kind.code(),
                        e.place.s,
                        &e.place.state,
                        e.before,
                        e.after
                    );
                }
                for e in &signs {
                    println!("   fine {} {:.6}", e.0, e.1);
                }
                for p in &coarse.points {
                    println!(
                        "   point s {:.6} x {:.4?} out {} idx {}",
                        p.place.s,
                        p.place.state,
                        p.tests.n_unstable(),
                        p.tests.index
                    );
                }
                println!(
                    "seed {seed} kind {kind} n {n} gain {gain:.2}: missing {missing:?} extra {left:?} ({} coarse points, {} fine) ends {:?} {:?}",
                    coarse.points.len(),
                    fine.points.len(),
                    coarse.ending,
                    fine.ending
                );
            }
        }
    }
    println!(
        "{branches} branches, {fine_events} fine events, {coarse_events} coarse events ({plain} by signs), {bad} bad"
    );
}
