//! The zone of interpolation: the stretch of values around the trained ones in which a network is right.

/// The widest stretch of rising values that are all right, from the first to the last; `None` if none is.
pub(super) fn widest(values: &[f64], is_right: impl Fn(usize) -> bool) -> Option<[f64; 2]> {
    let mut widest: Option<[f64; 2]> = None;
    let mut begun = None;
    for place in 0..values.len() {
        if !is_right(place) {
            begun = None;
            continue;
        }
        let from = *begun.get_or_insert(place);
        let zone = [values[from], values[place]];
        if widest.is_none_or(|[low, high]| zone[1] - zone[0] > high - low) {
            widest = Some(zone);
        }
    }
    widest
}

/// Mean of what lies at some distances outside a range, both ends included; NaN if nothing does.
pub(super) fn mean_outside(
    values: &[f64],
    of: &[f64],
    range: [f64; 2],
    distances: [f64; 2],
) -> f64 {
    let off = |value: f64| (range[0] - value).max(value - range[1]);
    let chosen: Vec<f64> = values
        .iter()
        .zip(of)
        .filter(|(value, _)| (distances[0]..=distances[1]).contains(&off(**value)))
        .map(|(_, of)| *of)
        .collect();
    chosen.iter().sum::<f64>() / chosen.len() as f64
}
