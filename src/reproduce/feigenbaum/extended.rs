//! Numbers of a hundred digits, and linear equations in them.

use std::str::FromStr as _;

use dashu_float::FBig;
use dashu_float::round::mode::HalfEven;

/// A number of [`PRECISION`] bits.
pub(super) type Big = FBig<HalfEven, 2>;

/// Bits of a number: 40 digits of a result, and twice as many that ill-conditioned equations may lose.
pub(super) const PRECISION: usize = 400;

/// A finite f64, exactly; 0 for what is not finite.
pub(super) fn big(value: f64) -> Big {
    let exact = Big::try_from(value).unwrap_or(Big::ZERO);
    exact.with_precision(PRECISION).value()
}

/// The nearest f64.
pub(super) fn nearest(value: &Big) -> f64 {
    value.to_f64().value()
}

pub(super) fn size(value: &Big) -> Big {
    if *value < Big::ZERO {
        -value
    } else {
        value.clone()
    }
}

/// valueᵖᵒʷᵉʳ.
pub(super) fn power(value: &Big, power: u32) -> Big {
    (0..power).fold(big(1.0), |product, _| product * value)
}

/// The solution of `matrix` x = `right`, by elimination with the largest pivot of each column; `None` if one is zero.
pub(super) fn solve(mut matrix: Vec<Vec<Big>>, mut right: Vec<Big>) -> Option<Vec<Big>> {
    let dim = right.len();
    for column in 0..dim {
        let pivot = (column..dim).max_by(|&a, &b| {
            let entry = |row: usize| size(&matrix[row][column]);
            entry(a).cmp(&entry(b))
        })?;
        matrix.swap(column, pivot);
        right.swap(column, pivot);
        if matrix[column][column] == Big::ZERO {
            return None;
        }
        let row = matrix[column].clone();
        let value = right[column].clone();
        for below in column + 1..dim {
            let factor = &matrix[below][column] / &row[column];
            for (entry, of_pivot) in matrix[below].iter_mut().zip(&row).skip(column) {
                *entry -= &factor * of_pivot;
            }
            right[below] -= &factor * &value;
        }
    }
    for place in (0..dim).rev() {
        let mut value = right[place].clone();
        for later in place + 1..dim {
            value -= &matrix[place][later] * &right[later];
        }
        right[place] = value / &matrix[place][place];
    }
    Some(right)
}

/// A number in decimal notation; `None` if it is none.
pub(super) fn parsed(decimal: &str) -> Option<Big> {
    let exact = FBig::<HalfEven, 10>::from_str(decimal).ok()?;
    Some(exact.with_base_and_precision::<2>(PRECISION).value())
}
