//! Where the elements of an array lie, by its strides.

/// The number of elements of a shape; `None` beyond what a computer can count.
pub(super) fn count(shape: &[usize]) -> Option<usize> {
    // A length of 0 anywhere makes none, however long the others are.
    if shape.contains(&0) {
        return Some(0);
    }
    shape
        .iter()
        .try_fold(1_usize, |product, &extent| product.checked_mul(extent))
}

/// The strides of an array that lies by rows, last dimension fastest, in elements.
pub(super) fn row_strides(shape: &[usize]) -> Vec<usize> {
    let mut strides = vec![1_usize; shape.len()];
    for i in (1..shape.len()).rev() {
        strides[i - 1] = strides[i].saturating_mul(shape[i].max(1));
    }
    strides
}

/// The strides of an array that lies by columns, first dimension fastest, in elements.
pub(super) fn column_strides(shape: &[usize]) -> Vec<usize> {
    let mut strides = vec![1_usize; shape.len()];
    for i in 1..shape.len() {
        strides[i] = strides[i - 1].saturating_mul(shape[i - 1].max(1));
    }
    strides
}

/// The place of the last element behind the first, in elements, 0 if there is none; `None` beyond what a computer can count.
pub(super) fn last_place(shape: &[usize], strides: &[usize]) -> Option<usize> {
    if shape.contains(&0) {
        return Some(0);
    }
    let steps = shape.iter().zip(strides);
    steps
        .map(|(extent, stride)| (extent - 1).checked_mul(*stride))
        .try_fold(0_usize, |sum, step| sum.checked_add(step?))
}

/// The places of all elements by rows, in elements behind the first; [`count`] and [`last_place`] must be numbers.
pub(super) fn places<'a>(
    shape: &'a [usize],
    strides: &'a [usize],
) -> impl Iterator<Item = usize> + 'a {
    let mut index = vec![0; shape.len()];
    let mut place = 0;
    (0..count(shape).unwrap_or(0)).map(move |_| {
        let present = place;
        for dimension in (0..shape.len()).rev() {
            index[dimension] += 1;
            if index[dimension] < shape[dimension] {
                place += strides[dimension];
                break;
            }
            place -= (shape[dimension] - 1) * strides[dimension];
            index[dimension] = 0;
        }
        present
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_transposed_view_is_read_by_rows() {
        let by_columns = column_strides(&[2, 3]);
        assert_eq!(by_columns, [1, 2]);
        assert_eq!(row_strides(&[2, 3, 4]), [12, 4, 1]);
        let read: Vec<usize> = places(&[2, 3], &by_columns).collect();
        assert_eq!(read, [0, 2, 4, 1, 3, 5]);
        assert_eq!(last_place(&[2, 3], &by_columns), Some(5));
        assert_eq!(places(&[], &[]).collect::<Vec<_>>(), [0]);
        assert_eq!(places(&[2, 0], &[5, 1]).count(), 0);
        // Expanded: one element for all.
        assert_eq!(places(&[3], &[0]).collect::<Vec<_>>(), [0, 0, 0]);
        assert_eq!(last_place(&[usize::MAX, 3], &[2, 1]), None);
        assert_eq!(count(&[usize::MAX, 2, 0]), Some(0));
        assert_eq!(count(&[usize::MAX, 2]), None);
    }
}
