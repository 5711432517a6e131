//! How the fixed points of a network move along its input, and where they are born: `cargo run --example follow_a_family`.
//!
//! Two tanh units; the input of the first runs from −2 to 2. Between neighbouring values every fixed point is followed, and
//! what happens on the way is located to rounding and given its kind.

use creode::cell::map::CellMap;
use creode::cell::path::CellPath;
use creode::dynamics::points::starts::simulated;
use creode::dynamics::watch::Unwatched;
use creode::lab::sweep::sweep;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let weights = [1.8, -0.6, 0.9, 1.5];
    let at = |input: f64| CellMap::vanilla(&weights, vec![input, 0.1]);
    let range = (-2.0, 2.0);
    let path = CellPath::new(at(range.0), at(range.1)).ok_or("two networks of one shape")?;
    let starts = simulated(&at(0.0), 64, 0.5, 1);
    let sweep = sweep("input", range, &path, &starts, 9, &Unwatched)?;
    for interval in &sweep.intervals {
        for of in &interval.events {
            let input = sweep.value(interval.from_step, of.event.place.s);
            println!(
                "{} at input {input:+.12}, state ({:+.6}, {:+.6})",
                of.event.kind.code(),
                of.event.place.state[0],
                of.event.place.state[1]
            );
        }
    }
    let unexplained: usize = sweep.intervals.iter().map(|of| of.unexplained.len()).sum();
    println!("{unexplained} points without a story");
    Ok(())
}
