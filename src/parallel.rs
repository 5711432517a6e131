//! Work on all threads. The library comes here for it rather than to rayon, whose iterators are compiled anew, with all that they
//! hand work over with, for each place that calls them; what does that here is compiled once.

use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;

type Job<'a> = Box<dyn FnOnce() + Send + 'a>;

/// `of` of each item, in the order of the items, computed on all threads of the pool at hand. A panic of `of` goes on to the
/// caller.
///
/// Each item costs an allocation and a hand-over, so that items should be worth some microseconds.
pub(crate) fn map<I: Send, T: Send>(
    items: impl IntoIterator<Item = I>,
    of: impl Fn(I) -> T + Sync,
) -> Vec<T> {
    let items: Vec<I> = items.into_iter().collect();
    let mut results: Vec<Option<T>> = Vec::new();
    results.resize_with(items.len(), || None);
    let of = &of;
    let jobs = items.into_iter().zip(&mut results);
    let jobs = jobs.map(|(item, result)| Box::new(move || *result = Some(of(item))) as Job<'_>);
    run(jobs.collect());
    results.into_iter().flatten().collect()
}

/// As [`map`], of what can fail. Once one has failed, no further ones are begun; of the errors by then, the first in the order of the
/// items.
pub(crate) fn try_map<I: Send, T: Send, E: Send>(
    items: impl IntoIterator<Item = I>,
    of: impl Fn(I) -> Result<T, E> + Sync,
) -> Result<Vec<T>, E> {
    let has_failed = AtomicBool::new(false);
    let results = map(items, |item| {
        if has_failed.load(Ordering::Relaxed) {
            return None;
        }
        let result = of(item);
        has_failed.fetch_or(result.is_err(), Ordering::Relaxed);
        Some(result)
    });
    results.into_iter().flatten().collect()
}

/// As [`map`], of what has no result.
pub(crate) fn for_each<I: Send>(items: impl IntoIterator<Item = I>, of: impl Fn(I) + Sync) {
    let of = &of;
    let jobs = items.into_iter();
    run(jobs
        .map(|item| Box::new(move || of(item)) as Job<'_>)
        .collect());
}

fn run(jobs: Vec<Job<'_>>) {
    jobs.into_par_iter().for_each(|job| job());
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_items_whatever_thread_made_them() {
        let squares = map(0..1000_u64, |x| x * x);
        assert_eq!(squares, (0..1000).map(|x| x * x).collect::<Vec<u64>>());
        let mut values = [1, 2, 3];
        let before = map(&mut values, |value| std::mem::replace(value, 7 * *value));
        assert_eq!((before, values), (vec![1, 2, 3], [7, 14, 21]));
        assert!(map(Vec::<u8>::new(), |x| x).is_empty());
    }

    #[test]
    fn what_is_moved_in_is_used_once_each() {
        let sum = AtomicUsize::new(0);
        let items: Vec<Box<usize>> = (0..100).map(Box::new).collect();
        for_each(items, |item| {
            sum.fetch_add(*item, Ordering::Relaxed);
        });
        assert_eq!(sum.into_inner(), 4950);
    }

    #[test]
    fn the_first_error_is_given_and_what_had_not_begun_is_left() {
        let one = rayon::ThreadPoolBuilder::new().num_threads(1).build();
        let one = one.expect("a pool of one thread");
        let begun = AtomicUsize::new(0);
        let result = one.install(|| {
            try_map(0..100, |x| {
                begun.fetch_add(1, Ordering::Relaxed);
                if x % 10 == 3 { Err(x) } else { Ok(x) }
            })
        });
        assert_eq!(result, Err(3));
        assert_eq!(begun.into_inner(), 4);
        assert_eq!(try_map(0..3, Ok::<i32, ()>), Ok(vec![0, 1, 2]));
    }

    #[test]
    #[should_panic(expected = "of its own")]
    fn a_panic_goes_on_to_the_caller() {
        map(0..3, |x| assert!(x < 2, "a panic of its own"));
    }
}
