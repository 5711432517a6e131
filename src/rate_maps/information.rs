//! How much the rate of a unit tells of the place.

/// Spatial information in bits: Σ pᵢ (λᵢ/λ) log₂(λᵢ/λ), pᵢ the share of samples in cell i, λᵢ the rate there, and
/// λ = Σ pᵢ λᵢ (Skaggs et al. 1993, with time in units of spikes).
///
/// 0 of a constant rate and of a unit that is silent everywhere, log₂ n of one that is active in one of n equally visited
/// cells only; NaN of a room that nobody visited. Rates, row by row, must not be negative: give those above the least. Cells
/// without samples do not count. Few samples a cell make it larger than it is, of which shuffles tell how much.
pub fn spatial_information(rates: &[f64], occupancy: &[f64]) -> f64 {
    let visited = || {
        let cells = rates.iter().zip(occupancy);
        cells.filter(|(_, samples)| **samples > 0.0)
    };
    let total: f64 = visited().map(|(_, samples)| samples).sum();
    if total == 0.0 {
        return f64::NAN;
    }
    let mean = visited().map(|(rate, samples)| rate * samples).sum::<f64>() / total;
    if mean == 0.0 {
        return 0.0;
    }
    let bits = visited().filter(|(rate, _)| **rate != 0.0);
    let bits = bits.map(|(rate, samples)| {
        let relative = rate / mean;
        samples / total * relative * relative.log2()
    });
    bits.sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_of_n_cells_tells_log_n_bits_and_a_constant_none() {
        for cells in [2_usize, 7, 64] {
            let mut rates = vec![0.0; cells];
            rates[cells / 2] = 0.3;
            let found = spatial_information(&rates, &vec![5.0; cells]);
            assert!((found - (cells as f64).log2()).abs() < 1e-12);
        }
        assert_eq!(spatial_information(&[0.0; 4], &[1.0; 4]), 0.0);
        let constant = spatial_information(&[0.7; 4], &[1.0, 2.0, 0.0, 9.0]);
        assert!(constant.abs() < 1e-12);
        assert!(spatial_information(&[f64::NAN], &[0.0]).is_nan());
    }

    #[test]
    fn half_the_time_in_the_active_cell_is_one_bit() {
        let found = spatial_information(&[4.0, 0.0, f64::NAN, 0.0], &[10.0, 4.0, 0.0, 6.0]);
        assert!((found - 1.0).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn it_is_never_negative_and_has_no_unit(
            cells in prop::collection::vec((0.0..1.0_f64, 1_u8..9), 1..40),
            factor in 0.1..10.0_f64,
        ) {
            let rates: Vec<f64> = cells.iter().map(|cell| cell.0).collect();
            let occupancy: Vec<f64> = cells.iter().map(|cell| f64::from(cell.1)).collect();
            let found = spatial_information(&rates, &occupancy);
            prop_assert!(found > -1e-12 && found <= occupancy.iter().sum::<f64>().log2() + 1e-12);
            let scaled: Vec<f64> = rates.iter().map(|rate| factor * rate).collect();
            prop_assert!((spatial_information(&scaled, &occupancy) - found).abs() < 1e-10);
        }
    }
}
