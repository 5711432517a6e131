//! Units whose maps are known.

use faer::Mat;
use rand::RngExt as _;

use super::*;

const SIDE: usize = 12;

/// Walks that visit neighbouring cells, several trials of so many steps.
fn walks(trials: usize, steps: usize) -> (Vec<(usize, usize)>, Places) {
    let mut cells = Vec::new();
    let mut numbers = Vec::new();
    for trial in 0..trials {
        let mut rng = stream_of_draw(11, trial);
        let mut place = [rng.random_range(0..SIDE), rng.random_range(0..SIDE)];
        for _ in 0..steps {
            cells.push((place[0], place[1]));
            numbers.push(trial);
            let axis = rng.random_range(0..2);
            place[axis] = if rng.random() {
                (place[axis] + 1).min(SIDE - 1)
            } else {
                place[axis].saturating_sub(1)
            };
        }
    }
    let places = Places::new(SIDE, SIDE, &cells, &numbers);
    (cells, places)
}

fn settings() -> RateMapSettings {
    let shuffles = Shuffles {
        count: 39,
        grid_count: 9,
        ..Shuffles::new(5)
    };
    RateMapSettings {
        shuffles,
        ..RateMapSettings::new(5)
    }
}

/// Rates that are a function of the place.
fn rates(cells: &[(usize, usize)], unit: impl Fn(usize, usize) -> f64) -> Vec<f64> {
    cells
        .iter()
        .map(|&(row, column)| unit(row, column))
        .collect()
}

fn matrix(units: &[Vec<f64>]) -> Mat<f64> {
    Mat::from_fn(units[0].len(), units.len(), |sample, unit| {
        units[unit][sample]
    })
}

#[test]
fn units_of_a_place_stand_out_of_their_shuffles_and_others_do_not() {
    let (cells, places) = walks(12, 250);
    let wall = rates(&cells, |row, _| f64::from(u8::from(row == 0)) - 0.9);
    let field = rates(&cells, |row, column| {
        let squares = (row as f64 - 4.0).powi(2) + (column as f64 - 6.0).powi(2);
        (-squares / 4.0).exp()
    });
    let constant = vec![0.4; places.samples()];
    let maps = rate_maps(
        &places,
        matrix(&[wall, field, constant]).as_ref(),
        &settings(),
    );
    assert!(maps[0].border_score > 0.7, "{}", maps[0].border_score);
    assert_eq!((maps[0].border_p, maps[0].information_p), (0.025, 0.025));
    assert!(maps[1].border_score < -0.3 && maps[1].border_p > 0.3);
    assert!(maps[1].information > 1.0 && maps[1].information_p == 0.025);
    assert_eq!((maps[2].information, maps[2].information_p), (0.0, 1.0));
    assert!(maps[2].grid_score.is_nan() && maps[2].border_score.is_nan());
    assert_eq!((maps[2].grid_p, maps[2].border_p), (1.0, 1.0));
    assert!(
        maps[2]
            .rates
            .iter()
            .all(|rate| (rate - 0.4).abs() < 1e-12 || rate.is_nan())
    );
}

#[test]
fn the_shares_of_units_without_a_place_are_spread() {
    let (_, places) = walks(6, 150);
    let mut rng = stream_of_draw(2, 0);
    let noise = Mat::from_fn(places.samples(), 60, |_, _| rng.random::<f64>());
    let maps = rate_maps(&places, noise.as_ref(), &settings());
    let shares: [fn(&UnitMap) -> f64; 3] = [
        |map| map.information_p,
        |map| map.grid_p,
        |map| map.border_p,
    ];
    for share in shares {
        let mean = maps.iter().map(share).sum::<f64>() / 60.0;
        assert!((0.4..0.65).contains(&mean), "{mean}");
        assert!(maps.iter().any(|map| share(map) < 0.25));
        assert!(maps.iter().any(|map| share(map) > 0.75));
    }
}

#[test]
fn maps_depend_on_neither_threads_nor_other_units_nor_more_shuffles() {
    let (_, places) = walks(4, 60);
    let mut rng = stream_of_draw(9, 0);
    let noise = Mat::from_fn(places.samples(), 8, |_, _| rng.random::<f64>());
    let all = rate_maps(&places, noise.as_ref(), &settings());
    let one = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .unwrap();
    let alone = one.install(|| rate_maps(&places, noise.subcols(0, 3), &settings()));
    let print = |maps: &[UnitMap]| format!("{maps:?}");
    assert_eq!(print(&all[..3]), print(&alone));
    let mut fewer = settings();
    fewer.shuffles.count = 0;
    let fewer = rate_maps(&places, noise.as_ref(), &fewer);
    for (fewer, all) in fewer.iter().zip(&all) {
        assert_eq!(fewer.information_p, 1.0);
        assert_eq!(fewer.grid_p, all.grid_p);
    }
}

#[test]
fn a_rate_that_is_no_number_leaves_its_unit_undefined() {
    let (_, places) = walks(2, 40);
    let mut rates = Mat::from_fn(places.samples(), 2, |sample, _| (sample as f64).sin());
    rates[(7, 1)] = f64::INFINITY;
    let maps = rate_maps(&places, rates.as_ref(), &settings());
    assert!(maps[0].information.is_finite());
    assert!(maps[1].information.is_nan() && maps[1].rates.iter().all(|rate| rate.is_nan()));
    assert_eq!(maps[1].information_p, 1.0);
    let nowhere = Places::new(3, 3, &[], &[]);
    let maps = rate_maps(&nowhere, Mat::zeros(0, 1).as_ref(), &settings());
    assert!(maps[0].rates.iter().all(|rate| rate.is_nan()));
}
