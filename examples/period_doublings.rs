//! A cascade of period doublings, and Feigenbaum's constant: `cargo run --release --example period_doublings`.
//!
//! The fixed point of the logistic map is followed to its first flip, then the cycle that is born there to its own, and so on.
//! The distances between the flips shrink by a factor that comes to 4.669 201 609… whatever the map is.

use creode::landscape::beyond::cascade::cascade;
use creode::landscape::follow::branch::ContinuationLimits;
use creode::map::LogisticFamily;

fn main() {
    let found = cascade(
        &LogisticFamily,
        &[0.6],
        (2.5, 3.57),
        &ContinuationLimits::default(),
        8,
    );
    let places: Vec<f64> = found.iter().map(|flip| flip.event.place.s).collect();
    for (flip, place) in found.iter().zip(&places) {
        println!(
            "period {:3} → {:3} at r = {place:.12}",
            flip.period,
            2 * flip.period
        );
    }
    for three in places.windows(3) {
        println!("ratio {:.6}", (three[1] - three[0]) / (three[2] - three[1]));
    }
}
