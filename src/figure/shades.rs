//! Colours for numbers: dark to light, alike for readers with any colour vision, and in order when printed in grey.

use super::scene::Colour;

/// Nine colours of the map viridis (Smith & van der Walt 2015), evenly spaced.
const VIRIDIS: [Colour; 9] = [
    Colour(0x44, 0x01, 0x54),
    Colour(0x47, 0x2d, 0x7b),
    Colour(0x3b, 0x52, 0x8b),
    Colour(0x2c, 0x72, 0x8e),
    Colour(0x21, 0x91, 0x8c),
    Colour(0x28, 0xae, 0x80),
    Colour(0x5e, 0xc9, 0x62),
    Colour(0xad, 0xdc, 0x30),
    Colour(0xfd, 0xe7, 0x25),
];

/// The colour of a share, 0 to 1; grey where it is not finite.
pub(super) fn shade(share: f64) -> Colour {
    if !share.is_finite() {
        return Colour::FAINT;
    }
    let place = share.clamp(0.0, 1.0) * (VIRIDIS.len() - 1) as f64;
    let below = (place as usize).min(VIRIDIS.len() - 2);
    let within = place - below as f64;
    let (a, b) = (VIRIDIS[below], VIRIDIS[below + 1]);
    let mixed =
        |a: u8, b: u8| (f64::from(a) + within * (f64::from(b) - f64::from(a))).round() as u8;
    Colour(mixed(a.0, b.0), mixed(a.1, b.1), mixed(a.2, b.2))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance (ITU-R BT.709).
    fn luminance(Colour(red, green, blue): Colour) -> f64 {
        let linear = |channel: u8| (f64::from(channel) / 255.0).powf(2.2);
        0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
    }

    #[test]
    fn larger_numbers_are_lighter() {
        let lights: Vec<f64> = (0..=64)
            .map(|i| luminance(shade(f64::from(i) / 64.0)))
            .collect();
        assert!(
            lights.windows(2).all(|pair| pair[0] < pair[1]),
            "{lights:?}"
        );
        assert_eq!(shade(f64::NAN), Colour::FAINT);
        assert_eq!((shade(-3.0), shade(7.0)), (VIRIDIS[0], VIRIDIS[8]));
    }
}
