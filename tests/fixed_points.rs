//! The search for fixed points against maps whose list is known.

#![allow(clippy::unwrap_used)]

use creode::cell::formula::RateFormula;
use creode::cell::low_rank::LowRank;
use creode::cell::map::CellMap;
use creode::cell::parameters::{BIAS_HH, BIAS_IH, Parameters, WEIGHT_HH};
use creode::cell::spec::{Activation, CellKind, LeakyForm, NetworkSpec, Precision};
use creode::dynamics::linear::spectrum::Spectrum;
use creode::dynamics::motion::attractor::{self, attractors};
use creode::dynamics::points::search::{Completeness, Findings, Known, SearchLimits, search};
use creode::dynamics::points::starts::simulated;
use creode::map::{Henon, Map};
use proptest::prelude::*;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

fn starts(count: usize, dim: usize, half_width: f64, seed: u64) -> Vec<Vec<f64>> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..count)
        .map(|_| {
            (0..dim)
                .map(|_| half_width * rng.random_range(-1.0..1.0))
                .collect()
        })
        .collect()
}

fn by_unstable(findings: &Findings) -> Vec<usize> {
    let mut counts = Vec::new();
    for point in &findings.fixed_points {
        let n = point.spectrum.n_unstable();
        counts.resize(counts.len().max(n + 1), 0);
        counts[n] += 1;
    }
    counts
}

/// Three independent bits, each a pitchfork: block-diagonal tanh(2x).
#[test]
fn three_bits_have_27_points_whose_indices_sum_to_one() {
    let weights = vec![2.0, 0.0, 0.0, 0.0, 2.0, 0.0, 0.0, 0.0, 2.0];
    let findings = search(
        &CellMap::vanilla(&weights, vec![0.0; 3]),
        &[],
        &starts(512, 3, 1.0, 1),
        SearchLimits::default(),
    )
    .unwrap();
    assert_eq!(by_unstable(&findings), [8, 12, 6, 1]);
    assert_eq!(findings.index_sum(), 1);
    assert_eq!(findings.unseen_estimate(), 0.0);
    for point in &findings.fixed_points {
        assert!(point.q < 1e-30);
        for x in &point.state {
            assert!(
                [0.0, 0.957_504_024_077_269]
                    .iter()
                    .any(|known| (x.abs() - known).abs() < 1e-13),
                "{x}"
            );
        }
    }
}

/// Three orthogonal patterns in eight units: 51 fixed points at gain 2.1, by unstable directions 6, 24, 20, 1
/// (recomputed by interval enumeration; Amit, Gutfreund & Sompolinsky 1985 for the mixtures).
#[test]
fn hopfield_network_has_its_mixtures() {
    let pattern = |bit: usize| {
        (0..8)
            .map(move |i| if i >> bit & 1 == 1 { 1.0 } else { -1.0 })
            .collect::<Vec<f64>>()
    };
    let patterns = [pattern(0), pattern(1), pattern(2)];
    for (gain, expected) in [
        (0.9, vec![1]),
        (1.2, vec![6, 12, 8, 1]),
        (1.5, vec![6, 12, 8, 1]),
        (2.0, vec![6, 24, 20, 1]),
        (2.1, vec![6, 24, 20, 1]),
        (2.3, vec![14, 24, 12, 1]),
        (3.0, vec![14, 24, 12, 1]),
    ] {
        let weights: Vec<f64> = (0..64)
            .map(|at| gain / 8.0 * patterns.iter().map(|p| p[at / 8] * p[at % 8]).sum::<f64>())
            .collect();
        let map = CellMap::vanilla(&weights, vec![0.0; 8]);
        let findings =
            search(&map, &[], &starts(2048, 8, 1.0, 2), SearchLimits::default()).unwrap();
        assert_eq!(by_unstable(&findings), expected, "gain {gain}");
        assert_eq!(findings.index_sum(), 1);
    }
}

#[test]
fn henon_map_needs_no_trapping_box() {
    let findings = search(
        &Henon { a: 1.4, b: 0.3 },
        &[],
        &starts(128, 2, 2.0, 3),
        SearchLimits::default(),
    )
    .unwrap();
    assert_eq!(findings.fixed_points.len(), 2);
    assert_eq!(findings.index_sum(), 0);
}

/// Rings of units with cosine weights, of rank two: 1 + 2N points, the ring's alternating between node and saddle, with
/// eigenvalues along the ring that approach 1 exponentially with the number of units.
#[test]
fn discrete_rings_have_all_their_points() {
    for (units, radius, along) in [
        (6, 2.430_51, None),
        (8, 2.286_52, Some([-0.152, 0.146])),
        (12, 2.313_94, Some([-0.017_696, 0.017_557])),
        (16, 2.316_15, Some([-0.001_856, 0.001_856])),
    ] {
        let angle = |i: usize| std::f64::consts::TAU * i as f64 / units as f64;
        let factors: Vec<f64> = (0..units)
            .flat_map(|i| [angle(i).cos(), angle(i).sin()])
            .collect();
        let inward: Vec<f64> = factors.iter().map(|n| 4.0 / units as f64 * n).collect();
        let network = LowRank::new(
            LeakyForm::Rates,
            Activation::Tanh,
            1.0,
            factors,
            inward,
            vec![0.0; units],
        );
        let map = CellMap::LowRank(network);
        let limits = SearchLimits {
            boxes: 100_000,
            ..SearchLimits::default()
        };
        let findings = search(&map, &[], &starts(512, units, 1.0, 4), limits).unwrap();
        assert_eq!(by_unstable(&findings), [units, units, 1], "{units} units");
        assert_eq!(findings.index_sum(), 1);
        assert_eq!(findings.complete, Completeness::Proved, "{units} units");
        let reduced = map.reduced().unwrap();
        let mut tangential: Vec<f64> = Vec::new();
        for point in &findings.fixed_points {
            let latent = reduced.project(&point.state);
            let found = latent[0].hypot(latent[1]);
            // The other half of the ring lies between two units, at a radius that differs less the more units there are.
            let margin = if units == 16 { 2e-3 } else { 0.25 };
            assert!(
                found < 1e-9 || (found - radius).abs() < margin,
                "{units}: {found}"
            );
            if found > 1e-9 {
                tangential.push(point.spectrum.leading().0 - 1.0);
            }
        }
        let on_phase = findings.fixed_points.iter().any(|point| {
            let latent = reduced.project(&point.state);
            (latent[0] - radius).abs() < 1e-5 && latent[1].abs() < 1e-9
        });
        assert!(on_phase, "{units}: no point at phase 0 and radius {radius}");
        if let Some([stable, unstable]) = along {
            let near = |value: f64, wanted: f64| (value - wanted).abs() < 5e-3 * wanted.abs();
            assert!(
                tangential
                    .iter()
                    .all(|&l| near(l, stable) || near(l, unstable)),
                "{units}: {tangential:?}"
            );
        }
    }
}

/// On a ring of 24 units the eigenvalues along the ring differ from 1 by 2·10⁻⁵ only.
#[test]
fn a_ring_of_24_units_is_continuous_to_five_digits() {
    let angle = |i: usize| std::f64::consts::TAU * i as f64 / 24.0;
    let weights: Vec<f64> = (0..24 * 24)
        .map(|at| 4.0 / 24.0 * (angle(at / 24) - angle(at % 24)).cos())
        .collect();
    let map = CellMap::vanilla(&weights, vec![0.0; 24]);
    let at_phase = |phase: f64| -> Vec<f64> {
        (0..24)
            .map(|i| (2.316 * (angle(i) - phase).cos()).tanh())
            .collect()
    };
    // At a unit, and between two of them; their opposites follow from the symmetry.
    let starts = [at_phase(0.0), at_phase(0.5 * angle(1))];
    let findings = search(&map, &[], &starts, SearchLimits::default()).unwrap();
    let mut along: Vec<f64> = findings
        .fixed_points
        .iter()
        .filter(|point| point.state[0] > 0.5)
        .map(|point| point.spectrum.leading().0 - 1.0)
        .collect();
    along.sort_by(f64::total_cmp);
    assert_eq!(along.len(), 2, "{along:?}");
    assert!((along[0] + 1.74e-5).abs() < 1e-7, "{along:?}");
    assert!((along[1] - 1.74e-5).abs() < 1e-7, "{along:?}");
}

/// Between the points of a ring of 42 units x − F(x) is some 10⁻¹¹, of 48 4·10⁻¹³, of 96 rounding alone: the ring is one family of
/// fixed points, beside the origin, and no member of it is called unstable along the ring.
#[test]
fn rings_that_rounding_closes_are_one_family() {
    for units in [42, 48, 96] {
        let angle = |i: usize| std::f64::consts::TAU * i as f64 / units as f64;
        let weights: Vec<f64> = (0..units * units)
            .map(|at| 4.0 / units as f64 * (angle(at / units) - angle(at % units)).cos())
            .collect();
        let map = CellMap::vanilla(&weights, vec![0.0; units]);
        // All around the ring and beside it.
        let mut beside = starts(96, units, 0.3, 4);
        for (phase, start) in beside.iter_mut().enumerate() {
            for (i, x) in start.iter_mut().enumerate() {
                *x += (2.0 * (angle(i) - 0.7 * phase as f64).cos()).tanh();
            }
        }
        let limits = SearchLimits::patient_enough(units);
        let findings = search(&map, &[], &beside, limits).unwrap();
        assert_eq!(findings.continuum_dim(), 1, "{units} units");
        assert_eq!(by_unstable(&findings), [1, 0, 1], "{units} units");
        let of_family = &findings
            .fixed_points
            .iter()
            .find(|p| p.flatness.is_some())
            .unwrap();
        assert_eq!(of_family.kind().name(), "marginal");
    }
}

/// Two of Beer's neurons y′ = −y + W σ(y) + I with self-weights of 6, weakly coupled and at their centre: with y = 2x,
/// x′ = −x + (W/4) tanh x.
#[test]
fn two_weakly_coupled_neurons_have_nine_equilibria() {
    let formula = RateFormula {
        activation: Activation::Tanh,
        leak: Some((LeakyForm::Currents, 0.1)),
    };
    let map = CellMap::rate(formula, &[1.5, 0.05, 0.05, 1.5], vec![0.0; 2]);
    let findings = search(&map, &[], &starts(256, 2, 2.0, 6), SearchLimits::default()).unwrap();
    assert_eq!(by_unstable(&findings), [4, 4, 1]);
    assert_eq!(findings.index_sum(), 1);
    assert_eq!(findings.complete, Completeness::Proved);
}

/// Rank-one connectivity m nᵀ/N with Gaussian loadings of overlap σ: κ = σ ⟨m tanh κm⟩ for N → ∞, a pitchfork at σ = 1
/// (Mastrogiuseppe & Ostojic 2018). The units here stand for the nodes of a quadrature, so that N → ∞ is meant.
#[test]
fn gaussian_networks_of_rank_one_have_the_latent_value_of_mean_field_theory() {
    for (overlap, expected) in [
        (1.2, 0.486_282_319_7),
        (1.5, 0.843_417_399_0),
        (2.0, 1.337_108_895_9),
        (3.0, 2.222_314_069_9),
    ] {
        let step = 0.05;
        let nodes: Vec<f64> = (-180..=180).map(|i| step * f64::from(i)).collect();
        let density = |m: f64| (-0.5 * m * m).exp() / std::f64::consts::TAU.sqrt();
        let inward = nodes.iter().map(|m| overlap * step * density(*m) * m);
        let inward: Vec<f64> = inward.collect();
        let units = nodes.len();
        let network = LowRank::new(
            LeakyForm::Rates,
            Activation::Tanh,
            1.0,
            nodes,
            inward,
            vec![0.0; units],
        );
        let map = CellMap::LowRank(network);
        let findings = search(
            &map,
            &[],
            &starts(64, units, 1.0, 3),
            SearchLimits::default(),
        )
        .unwrap();
        assert_eq!(findings.complete, Completeness::Proved);
        let reduced = map.reduced().unwrap();
        let mut latent: Vec<f64> = findings
            .fixed_points
            .iter()
            .map(|point| reduced.project(&point.state)[0])
            .collect();
        latent.sort_by(f64::total_cmp);
        assert_eq!(latent.len(), 3, "{latent:?}");
        assert!(
            (latent[2] - expected).abs() < 1e-9,
            "{latent:?} against {expected}"
        );
    }
}

/// Beside a random part gχ the eigenvalue of a rank-one part m nᵀ/N solves 1 = Σ_k nᵀ(gχ)ᵏm/(N λ^{k+1}) (Schuessler et
/// al. 2020).
#[test]
fn a_rank_one_part_has_its_outlier_beside_the_random_part() {
    let (units, gain) = (200, 0.5);
    let mut rng = ChaCha8Rng::seed_from_u64(17);
    let mut normal = |count: usize| -> Vec<f64> {
        (0..count)
            .map(|_| (0..12).map(|_| rng.random_range(-0.5..0.5)).sum::<f64>())
            .collect()
    };
    let random = normal(units * units).into_iter();
    let random: Vec<f64> = random.map(|x| gain / (units as f64).sqrt() * x).collect();
    let outward = normal(units);
    let aside = normal(units);
    let inward: Vec<f64> = (0..units)
        .map(|i| (1.6 * outward[i] + 0.5 * aside[i]) / units as f64)
        .collect();
    let apply = |v: &[f64]| -> Vec<f64> {
        let rows = random.chunks_exact(units);
        rows.map(|row| row.iter().zip(v).map(|(w, v)| w * v).sum())
            .collect()
    };
    let mut power = outward.clone();
    let mut moments: Vec<f64> = Vec::new();
    for _ in 0..60 {
        moments.push(inward.iter().zip(&power).map(|(n, m)| n * m).sum());
        power = apply(&power);
    }
    let series = |l: f64| {
        let terms = moments.iter().rev();
        terms.fold(0.0, |sum, moment| (sum + moment) / l) - 1.0
    };
    let (mut low, mut high) = (1.0, 3.0);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if series(middle) > 0.0 {
            low = middle;
        } else {
            high = middle;
        }
    }
    let drive = vec![0.0; units];
    let network = LowRank::new(
        LeakyForm::Rates,
        Activation::Tanh,
        1.0,
        outward,
        inward,
        drive,
    );
    let map = network.with_random_part(&random);
    let (re, im) = Spectrum::at(&map, &vec![0.0; units]).unwrap().leading();
    assert!(im == 0.0 && (re - low).abs() < 1e-10, "{re} against {low}");
}

#[test]
fn points_of_a_neighbour_keep_their_place_and_lose_it_at_a_fold() {
    // x' = tanh(2x + b): three points for |b| < 0.532839975354, one beyond.
    let map = |b: f64| CellMap::vanilla(&[2.0], vec![b]);
    let before = search(
        &map(0.50),
        &[],
        &starts(64, 1, 1.0, 5),
        SearchLimits::default(),
    )
    .unwrap();
    assert_eq!(before.fixed_points.len(), 3);
    let known: Vec<Known> = before
        .fixed_points
        .iter()
        .map(|p| Known {
            state: &p.state,
            index: p.index,
        })
        .collect();

    let near = search(&map(0.52), &known, &[], SearchLimits::default()).unwrap();
    let places: Vec<_> = near
        .fixed_points
        .iter()
        .map(|point| point.from_known)
        .collect();
    assert_eq!(places, [Some(0), Some(1), Some(2)]);

    let beyond = search(&map(0.55), &known, &[], SearchLimits::default()).unwrap();
    assert_eq!(beyond.fixed_points.len(), 1);
    let survivor = beyond.fixed_points[0].from_known.unwrap();
    assert!(before.fixed_points[survivor].state[0] > 0.9);
}

fn relu(weights: &[f64], drive: Vec<f64>) -> CellMap {
    let formula = RateFormula {
        activation: Activation::Relu,
        leak: None,
    };
    CellMap::rate(formula, weights, drive)
}

#[test]
fn networks_that_diverge_or_are_singular_are_searched_without_a_false_claim() {
    // Everything above 0 runs away; 0 is the only fixed point.
    let runaway = relu(&[3.0, 1.0, 1.0, 3.0], vec![0.0; 2]);
    let found = search(
        &runaway,
        &[],
        &simulated(&runaway, 64, 0.5, 1),
        SearchLimits::default(),
    )
    .unwrap();
    assert_eq!(found.fixed_points.len(), 1);
    assert_eq!(found.complete, Completeness::Proved);
    let ends = attractors(
        &runaway,
        &starts(40, 2, 1.0, 2),
        &attractor::Settings::default(),
    );
    assert!(ends.n_escaped > 10, "{}", ends.n_escaped);

    // Every state with x ≥ 0 is a fixed point.
    let still = relu(&[1.0], vec![0.0]);
    let found = search(&still, &[], &starts(64, 1, 1.0, 3), SearchLimits::default()).unwrap();
    assert_eq!(found.complete, Completeness::Unknown);

    // Three fixed points in one, at the pitchfork itself: no certificate, and the list is not called proved.
    let pitchfork = CellMap::vanilla(&[1.0], vec![0.0]);
    let found = search(
        &pitchfork,
        &[],
        &starts(64, 1, 1.0, 4),
        SearchLimits::default(),
    )
    .unwrap();
    assert!(
        found
            .fixed_points
            .iter()
            .all(|point| point.certificate.is_none()),
        "{found:?}"
    );
    assert_ne!(found.complete, Completeness::Proved);
}

fn gru(units: usize, gain: f64, seed: u64) -> CellMap {
    let cell = CellKind::Gru;
    let spec = NetworkSpec {
        recurrent_gain: gain,
        precision: Precision::F64,
        ..NetworkSpec::new(cell, units, 1, 1)
    };
    let mut parameters = Parameters::<f64>::initial(&spec, seed);
    let mut rng = ChaCha8Rng::seed_from_u64(seed + 1);
    for name in [BIAS_IH, BIAS_HH] {
        parameters
            .get_mut(name)
            .iter_mut()
            .for_each(|b| *b = rng.random_range(-1.0..1.0));
    }
    // Saturated update gates, where the raw residual is small without a fixed point being near.
    parameters.get_mut(WEIGHT_HH)[units * units..2 * units * units]
        .iter_mut()
        .for_each(|w| *w *= 4.0);
    CellMap::new(&spec, &parameters, &[0.0])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn gated_units_report_no_point_outside_their_box(units in 1..6_usize, gain in 1.0..5.0_f64, seed in 0..10_000_u64) {
        let map = gru(units, gain, seed);
        let findings = search(&map, &[], &starts(256, units, 3.0, seed), SearchLimits::default()).unwrap();
        prop_assert!(!findings.fixed_points.is_empty());
        for point in &findings.fixed_points {
            prop_assert!(point.state.iter().all(|x| x.abs() < 1.0), "{:?}", point.state);
            prop_assert!(point.q < 1e-24);
        }
        for point in &findings.slow_points {
            prop_assert!(point.state.iter().all(|x| x.abs() <= 1.0));
        }
    }

    #[test]
    fn long_short_term_memories_report_no_point_outside_their_box(
        units in 1..5_usize, gain in 1.0..5.0_f64, forget in -1.0..6.0_f64, seed in 0..10_000_u64
    ) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let deviation = gain / (units as f64).sqrt();
        let weights: Vec<f64> = (0..4 * units * units).map(|_| deviation * rng.random_range(-1.7..1.7)).collect();
        let mut drive: Vec<f64> = (0..4 * units).map(|_| rng.random_range(-0.5..0.5)).collect();
        // Forget gates near 1: the cell state reaches far, and F(x) − x is small far from any fixed point.
        drive[units..2 * units].iter_mut().for_each(|b| *b += forget);
        let map = CellMap::lstm(&weights, drive);
        let reach = map.trapping_box().unwrap();
        let findings = search(&map, &[], &starts(256, 2 * units, 3.0, seed), SearchLimits::default()).unwrap();
        prop_assert!(!findings.fixed_points.is_empty());
        for point in &findings.fixed_points {
            let is_inside = point.state.iter().zip(&reach).all(|(x, reach)| x.abs() < *reach);
            prop_assert!(is_inside, "{:?} of {:?}", point.state, reach);
            prop_assert!(point.certificate.is_some() || point.q < 1e-20, "{}", point.q);
        }
    }

    /// The index from the factorisation is that from the spectrum: (−1) to the number of real eigenvalues above 1.
    #[test]
    fn index_agrees_with_the_spectrum(units in 1..9_usize, gain in 0.5..3.0_f64, seed in 0..10_000_u64) {
        let cell = CellKind::Leaky { form: LeakyForm::Rates, activation: Activation::Tanh, alpha: 0.2 };
        let spec = NetworkSpec { recurrent_gain: gain, precision: Precision::F64, ..NetworkSpec::new(cell, units, 1, 1) };
        let parameters = Parameters::<f64>::initial(&spec, seed);
        let map = CellMap::new(&spec, &parameters, &[0.7]);
        let findings = search(&map, &[], &starts(256, units, 1.0, seed), SearchLimits::default()).unwrap();
        for point in &findings.fixed_points {
            let above = point.spectrum.eigenvalues.iter().filter(|(re, im)| *im == 0.0 && *re > 1.0).count();
            prop_assert_eq!(point.index, if above % 2 == 0 { 1 } else { -1 });
        }
        let sum = findings.index_sum();
        prop_assert_eq!(findings.complete == Completeness::Incomplete, sum != 1);
        prop_assert!(sum == map.index_sum().unwrap() || findings.n_starts >= 256, "{} after {}", sum, findings.n_starts);
    }
}
