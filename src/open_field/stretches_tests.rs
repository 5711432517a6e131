#![allow(clippy::unwrap_used)]

use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::open_field::recording::tests::recording;

fn sampling(dt_secs: f64, least_steps: usize) -> Sampling {
    Sampling {
        area: Area {
            width: 10.0,
            height: 10.0,
        },
        dt_secs,
        longest_gap_secs: 1.0,
        part: Part::All,
        held_out_share: 0.2,
        least_steps,
    }
}

/// x = 1 + t/2, y = 9 − t/4.
fn on_the_line(time: f64) -> Point {
    [1.0 + time / 2.0, 9.0 - time / 4.0]
}

fn along_the_line(times: &[f64]) -> Recording {
    let positions: Vec<Point> = times.iter().map(|&time| on_the_line(time)).collect();
    recording(times, &positions).unwrap()
}

#[test]
fn a_straight_walk_stays_exact_whatever_its_times() {
    let times = [0.0, 0.02, 0.05, 0.4, 0.41, 1.3, 1.31, 2.0];
    for dt_secs in [0.01, 0.1, 0.25, 0.7] {
        let found = Stretches::of(&along_the_line(&times), &sampling(dt_secs, 1)).unwrap();
        let [stretch] = found.all() else {
            panic!("{} stretches", found.all().len())
        };
        assert_eq!(stretch.len(), (2.0 / dt_secs + 1e-6) as usize + 1);
        for (step, place) in stretch.iter().enumerate() {
            let expected = on_the_line(step as f64 * dt_secs);
            for axis in 0..2 {
                assert!((place[axis] - expected[axis]).abs() < 1e-12, "{step}");
            }
        }
    }
}

#[test]
fn what_was_done_is_told() {
    let times = [0.0, 0.1, 0.2, 0.5, 2.0, 2.1, 2.2, 2.3, 2.4, 2.5];
    let found = Stretches::of(&along_the_line(&times), &sampling(0.1, 2)).unwrap();
    let told = found.resampling();
    assert_eq!((told.samples, told.stretches, told.points), (10, 2, 12));
    assert!((told.median_dt_secs - 0.1).abs() < 1e-12);
    assert!((told.largest_gap_secs - 1.5).abs() < 1e-12);
    assert_eq!(
        told.to_string(),
        "10 samples, a median of 0.100 s apart, at most 1.500 s, became 12 points every 0.1 s in 2 stretches"
    );
}

#[test]
fn no_trial_spans_a_long_gap_and_every_place_to_begin_is_drawn() {
    let times = [0.0, 0.1, 0.2, 0.3, 5.0, 5.1, 5.2, 9.0, 9.1];
    let found = Stretches::of(&along_the_line(&times), &sampling(0.1, 2)).unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let mut counts = [0; 3];
    for _ in 0..3000 {
        let drawn = found.draw(&mut rng);
        assert_eq!(drawn.len(), 3);
        assert!(drawn[2][0] - drawn[0][0] < 0.11);
        let starts = [0.0, 0.1, 5.0].map(on_the_line);
        let start = starts
            .iter()
            .position(|start| (start[0] - drawn[0][0]).abs() < 1e-9);
        counts[start.unwrap()] += 1;
    }
    // Five standard deviations of a third of 3000.
    assert!(
        counts.iter().all(|&count: &i32| (count - 1000).abs() < 130),
        "{counts:?}"
    );
}

#[test]
fn the_held_out_part_shares_no_sample_with_the_rest() {
    let times: Vec<f64> = (0..=100).map(|sample| 0.1 * f64::from(sample)).collect();
    let of = |part| {
        let sampling = Sampling {
            part,
            ..sampling(0.1, 1)
        };
        Stretches::of(&along_the_line(&times), &sampling).unwrap()
    };
    let [all, first, last] = [Part::All, Part::First, Part::Last].map(of);
    let samples = |of: &Stretches| of.resampling().samples;
    assert_eq!(
        [samples(&all), samples(&first), samples(&last)],
        [101, 81, 20]
    );
    let end = first.all()[0].last().unwrap()[0];
    assert!(end < last.all()[0][0][0]);
}

#[test]
fn too_short_too_fine_and_outside_are_refused_in_words() {
    let times = [0.0, 20.0, 40.0, 60.0];
    let message = Stretches::of(
        &along_the_line(&[0.0, 1.0, 2.0, 3.0, 4.0]),
        &sampling(0.5, 9),
    );
    let message = message.unwrap_err().to_string();
    assert!(
        message.contains("lasts 4 s") && message.contains("4.5 s are needed"),
        "{message}"
    );
    // Milliseconds in place of seconds.
    let sampling_of_small = Sampling {
        area: Area {
            width: 100.0,
            height: 100.0,
        },
        ..sampling(0.1, 10)
    };
    let inside: Vec<Point> = times.iter().map(|_| [0.5, 0.5]).collect();
    let message = Stretches::of(&recording(&times, &inside).unwrap(), &sampling_of_small);
    let message = message.unwrap_err().to_string();
    for part in [
        "a gap of more than 1 s lasts 0 s",
        "a median of 20 s apart",
        "expected times in seconds",
    ] {
        assert!(message.contains(part), "{message}");
    }
    let message = Stretches::of(&along_the_line(&[0.0, 1.0]), &sampling(1e-9, 1));
    let message = message.unwrap_err().to_string();
    assert!(message.contains("expected longer steps"), "{message}");
    let message = Stretches::of(&along_the_line(&[0.0, 30.0]), &sampling(1.0, 1));
    assert!(message.unwrap_err().to_string().contains("outside the box"));
}
