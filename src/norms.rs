//! Lengths in the maximum norm.

/// Largest absolute value.
pub(crate) fn largest<'a>(values: impl IntoIterator<Item = &'a f64>) -> f64 {
    values
        .into_iter()
        .fold(0.0, |most: f64, x| most.max(x.abs()))
}

/// Largest absolute value, at least 1: what a distance is compared with.
pub(crate) fn scale_of(values: &[f64]) -> f64 {
    largest(values).max(1.0)
}

/// Largest absolute difference of coordinates.
pub(crate) fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter()
        .zip(b)
        .fold(0.0, |most: f64, (x, y)| most.max((x - y).abs()))
}
