//! Tests by randomisation: how a number compares with what it is when chance alone assigns the data.

use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use crate::parallel;

/// The generator of one draw: streams of one seed that do not overlap, so that draws can run in parallel.
pub fn stream_of_draw(seed: u64, draw: usize) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(draw as u64);
    rng
}

/// What so many draws give, in their order, each with a generator of its own; the same on any number of threads.
pub fn draws<T: Send>(
    count: usize,
    seed: u64,
    draw: impl Fn(&mut ChaCha8Rng) -> T + Sync,
) -> Vec<T> {
    parallel::map(0..count, |number| draw(&mut stream_of_draw(seed, number)))
}

/// (k + 1)/(n + 1), where k of n draws are at least as large as what was observed: never 0, and at most α with a
/// probability of at most α if chance assigned the data (Phipson & Smyth 2010).
pub fn p_value(observed: f64, drawn: &[f64]) -> f64 {
    let extreme = drawn.iter().filter(|&&value| value >= observed).count();
    (extreme + 1) as f64 / (drawn.len() + 1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_p_value_counts_what_was_observed_as_a_draw() {
        assert_eq!(p_value(3.0, &[1.0, 2.0, 3.0, 4.0]), 3.0 / 5.0);
        assert_eq!(p_value(5.0, &[1.0, 2.0, 3.0, 4.0]), 1.0 / 5.0);
        assert_eq!(p_value(0.0, &[]), 1.0);
    }

    #[test]
    fn a_draw_does_not_depend_on_how_many_there_are() {
        let drawn = |count| draws(count, 5, rand::RngExt::random::<u64>);
        assert_eq!(drawn(3)[..], drawn(40)[..3]);
        let mut all = drawn(40);
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 40);
    }
}
