//! Cells of stages against other ways to the same numbers. Their derivatives and bounds are tested with those of all cells
//! (`cells`).

use creode::cell::map::CellMap;
use creode::cell::path::CellPath;
use creode::cell::staged::{Layer, ShallowPlrnn, StackError};
use creode::dynamics::points::search::{Completeness, SearchLimits, search};
use creode::dynamics::points::starts::simulated;
use creode::map::{Family as _, Map};
use faer::Mat;

/// 1.2 sin(1.7 k + phase).
pub(crate) fn filled(count: usize, phase: f64) -> Vec<f64> {
    (0..count)
        .map(|k| 1.2 * (1.7 * k as f64 + phase).sin())
        .collect()
}

fn scaled(values: &[f64], factor: f64) -> Vec<f64> {
    values.iter().map(|x| factor * x).collect()
}

fn image(map: &dyn Map, point: &[f64]) -> Vec<f64> {
    let mut out = vec![0.0; map.dim()];
    map.step(point, &mut out);
    out
}

fn assert_near(found: &[f64], expected: &[f64], margin: f64) {
    assert_eq!(found.len(), expected.len());
    for (a, b) in found.iter().zip(expected) {
        assert!((a - b).abs() < margin, "{found:?} against {expected:?}");
    }
}

/// What a constant input gives, W u + b.
fn drive(weights: &[f64], input: &[f64], bias: &[f64]) -> Vec<f64> {
    let rows = weights.chunks_exact(input.len());
    let sum = |(row, b): (&[f64], &f64)| row.iter().zip(input).map(|(w, u)| w * u).sum::<f64>() + b;
    rows.zip(bias).map(sum).collect()
}

/// Layer of a GRU of `n` units that sees nothing from below yet.
fn gru(n: usize, from_input: &[f64], phase: f64) -> CellMap {
    CellMap::gru(
        &filled(3 * n * n, phase),
        from_input,
        &filled(3 * n, phase + 0.2),
    )
}

fn gru_stack() -> CellMap {
    let input = drive(&filled(18, 0.1), &[0.5, -0.3], &filled(9, 0.3));
    let layers = vec![
        Layer {
            cell: gru(3, &input, 0.2),
            from_below: Vec::new(),
        },
        Layer {
            cell: gru(2, &filled(6, 0.7), 0.6),
            from_below: filled(18, 0.5),
        },
    ];
    CellMap::stack(layers).unwrap()
}

/// Two GRU cells one after the other, by a program of loops: weights 1.2 sin(1.7 k + phase), biases likewise.
#[test]
fn a_stack_makes_the_steps_of_its_layers_one_after_the_other() {
    let expected = [
        -0.515_799_959_871_671_8,
        -0.591_947_749_743_122,
        0.958_613_445_842_836_6,
        0.100_446_483_533_937_87,
        -0.073_732_112_019_383_79,
    ];
    let stack = gru_stack();
    assert_near(
        &image(&stack, &[0.2, -0.6, 0.9, -0.4, 0.3]),
        &expected,
        1e-14,
    );
    assert_eq!(stack.cell().features(&expected), expected[3..]);
}

/// One step by a program of loops in the equations of Cho et al. (2014), z and 1 − z in PyTorch's places.
#[test]
fn a_reset_before_the_product_makes_the_step_of_its_equations() {
    let map = CellMap::gru_reset_before(&filled(27, 0.2), &filled(9, 0.3));
    let expected = [
        -0.364_768_274_363_179_66,
        -0.261_439_364_630_866_14,
        0.937_767_368_180_335_3,
    ];
    assert_near(&image(&map, &[0.2, -0.6, 0.9]), &expected, 1e-14);
}

#[test]
fn a_projected_long_short_term_memory_makes_the_step_of_its_equations() {
    let map = CellMap::lstm_projected(&filled(24, 0.2), &filled(12, 0.3), &filled(6, 0.5));
    let expected = [
        0.161_701_823_194_570_35,
        0.159_470_121_128_374_7,
        0.047_090_559_264_741_01,
        0.438_912_777_362_677_64,
        0.023_138_928_599_611_364,
    ];
    assert_near(&image(&map, &[0.2, -0.6, 0.9, 1.5, -0.4]), &expected, 1e-14);
    // Projected by the identity it is the plain one.
    let identity: Vec<f64> = (0..9).map(|k| f64::from(u8::from(k % 4 == 0))).collect();
    let projected = CellMap::lstm_projected(&filled(36, 0.2), &filled(12, 0.3), &identity);
    let plain = CellMap::lstm(&filled(36, 0.2), filled(12, 0.3));
    let state = filled(6, 0.9);
    assert_near(&image(&projected, &state), &image(&plain, &state), 1e-15);
    let (a, b) = (
        projected.trapping_box().unwrap(),
        plain.trapping_box().unwrap(),
    );
    assert_near(&a[3..], &b[3..], 1e-9);
}

#[test]
fn piecewise_linear_networks_with_a_hidden_layer_make_the_steps_of_their_equations() {
    let (diagonal, outward, inward) = (filled(2, 0.1), filled(6, 0.2), filled(6, 0.3));
    let (below, hidden_drive) = (filled(2, 0.4), filled(3, 0.5));
    let z = [0.7, -0.4];
    let by_loops = |is_clipped: bool| -> Vec<f64> {
        let hidden: Vec<f64> = (0..3)
            .map(|k| {
                let sum = inward[2 * k] * z[0] + inward[2 * k + 1] * z[1];
                let clip = if is_clipped { sum.max(0.0) } else { 0.0 };
                (sum + hidden_drive[k]).max(0.0) - clip
            })
            .collect();
        (0..2)
            .map(|i| {
                let sum: f64 = (0..3).map(|k| outward[3 * i + k] * hidden[k]).sum();
                diagonal[i] * z[i] + sum + below[i]
            })
            .collect()
    };
    for is_clipped in [false, true] {
        let map = CellMap::shallow_plrnn(&ShallowPlrnn {
            diagonal: &diagonal,
            outward: &outward,
            inward: &inward,
            drive: &below,
            hidden_drive: &hidden_drive,
            is_clipped,
        });
        assert_near(&image(&map, &z), &by_loops(is_clipped), 1e-15);
    }
    // With all of its units rectified an almost-linear network is a piecewise-linear one, with none linear.
    let weights = filled(9, 0.6);
    let of =
        |rectified| CellMap::almost_linear(&filled(3, 0.1), &weights, &filled(3, 0.2), rectified);
    let state = [0.3, -0.8, -0.2];
    let all = CellMap::piecewise_linear(&filled(3, 0.1), &weights, filled(3, 0.2));
    assert_near(&image(&of(3), &state), &image(&all, &state), 1e-15);
    let seen = |rectified: usize| -> Vec<f64> {
        let bent = |(place, &x): (usize, &f64)| if place + rectified < 3 { x } else { x.max(0.0) };
        state.iter().enumerate().map(bent).collect()
    };
    for rectified in 0..3 {
        let mut expected = drive(&weights, &seen(rectified), &filled(3, 0.2));
        for (next, (a, x)) in expected.iter_mut().zip(filled(3, 0.1).iter().zip(&state)) {
            *next += a * x;
        }
        assert_near(&image(&of(rectified), &state), &expected, 1e-15);
    }
}

#[test]
fn one_layer_is_its_cell_and_shapes_are_asked_for() {
    let alone = Layer {
        cell: gru(3, &filled(9, 0.3), 0.2),
        from_below: Vec::new(),
    };
    assert!(matches!(
        CellMap::stack(vec![alone.clone()]),
        Ok(CellMap::Gru(_))
    ));
    assert_eq!(CellMap::stack(Vec::new()).unwrap_err(), StackError::Empty);
    let error = CellMap::stack(vec![alone.clone(), alone]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "layer 1 needs 9 × 3 weights from the layer below, and has 0"
    );
}

/// A layer that hears nothing from below does what its cell does alone, in every kind of cell.
#[test]
fn a_layer_that_hears_nothing_is_its_cell() {
    let n = 3;
    let cells = [
        CellMap::vanilla(&filled(9, 0.1), filled(3, 0.2)),
        gru(n, &filled(9, 0.3), 0.2),
        CellMap::ugrnn(&filled(18, 0.1), filled(6, 0.2)),
        CellMap::lstm(&filled(36, 0.1), filled(12, 0.2)),
        CellMap::piecewise_linear(&filled(3, 0.1), &filled(9, 0.2), filled(3, 0.3)),
        CellMap::gru_reset_before(&filled(27, 0.2), &filled(9, 0.3)),
    ];
    let blocks = [1, 3, 2, 4, 1, 3];
    for (upper, blocks) in cells.iter().zip(blocks) {
        for lower in &cells {
            let stack = CellMap::stack(vec![
                Layer {
                    cell: lower.clone(),
                    from_below: Vec::new(),
                },
                Layer {
                    cell: upper.clone(),
                    from_below: vec![0.0; blocks * n * n],
                },
            ])
            .unwrap();
            let state = filled(lower.dim() + upper.dim(), 0.9);
            let (below, above) = state.split_at(lower.dim());
            let expected = [image(lower, below), image(upper, above)].concat();
            assert_near(&image(&stack, &state), &expected, 1e-15);
            assert_eq!(stack.cell().features(&state), upper.cell().features(above));
            // The parts are the cells.
            let of_blocks = stack.blocks();
            assert_eq!(of_blocks.len(), 2);
            for (units, (cell, own)) in of_blocks.iter().zip([(lower, below), (upper, above)]) {
                let part = stack.block(units, &state).unwrap();
                assert_eq!(&part.coordinates, units);
                assert_eq!(part.map.reduced().is_some(), cell.reduced().is_some());
                assert_near(&image(&*part.map, own), &image(cell, own), 1e-15);
            }
        }
    }
}

/// The part of a layer, given the state of those below, is what the whole does with it.
#[test]
fn layers_held_at_a_state_are_those_of_the_whole() {
    for stack in [gru_stack(), deep()] {
        let state = filled(stack.dim(), 0.4);
        let next = image(&stack, &state);
        for units in stack.blocks() {
            let part = stack.block(&units, &state).unwrap();
            let own: Vec<f64> = units.iter().map(|&i| state[i]).collect();
            let expected: Vec<f64> = units.iter().map(|&i| next[i]).collect();
            assert_near(&image(&*part.map, &own), &expected, 1e-14);
        }
    }
}

/// Three layers of different cells, one of them of stages itself and one of currents.
fn deep() -> CellMap {
    use creode::cell::formula::RateFormula;
    use creode::cell::spec::{Activation, LeakyForm};
    let currents = RateFormula {
        activation: Activation::Tanh,
        leak: Some((LeakyForm::Currents, 0.3)),
    };
    let layer = |cell, from_below| Layer { cell, from_below };
    CellMap::stack(vec![
        layer(
            CellMap::rate(currents, &filled(9, 0.1), filled(3, 0.2)),
            Vec::new(),
        ),
        layer(
            CellMap::lstm_projected(&filled(24, 0.2), &filled(12, 0.3), &filled(6, 0.5)),
            filled(36, 0.6),
        ),
        layer(
            CellMap::gru_reset_before(&filled(12, 0.4), &filled(6, 0.2)),
            filled(12, 0.8),
        ),
    ])
    .unwrap()
}

/// Products for many vectors at once are those with the Jacobian and its transposed.
#[test]
fn products_are_those_with_the_jacobian() {
    for map in [gru_stack(), deep()] {
        let dim = map.dim();
        let points = filled(3 * dim, 0.2);
        let linearised = map.linearised(&points).unwrap();
        let which = [2, 0, 1, 2];
        let vectors = filled(4 * dim, 0.7);
        let (mut forward, mut back) = (vec![0.0; 4 * dim], vec![0.0; 4 * dim]);
        linearised.apply(&which, &vectors, &mut forward);
        linearised.apply_transposed(&which, &vectors, &mut back);
        let mut batch = vec![0.0; 3 * dim];
        map.step_batch(&points, &mut batch);
        for (k, &point) in which.iter().enumerate() {
            let at = &points[point * dim..][..dim];
            assert_near(&batch[point * dim..][..dim], &image(&map, at), 1e-14);
            let mut jacobian = Mat::zeros(dim, dim);
            map.jacobian(at, jacobian.as_mut());
            let v = &vectors[k * dim..][..dim];
            let product = |i: usize| (0..dim).map(|j| jacobian[(i, j)] * v[j]).sum::<f64>();
            let transposed = |j: usize| (0..dim).map(|i| jacobian[(i, j)] * v[i]).sum::<f64>();
            let of = |entry: &dyn Fn(usize) -> f64| (0..dim).map(entry).collect::<Vec<f64>>();
            assert_near(&forward[k * dim..][..dim], &of(&product), 1e-13);
            assert_near(&back[k * dim..][..dim], &of(&transposed), 1e-13);
        }
    }
}

/// Layer by layer all fixed points are found with proof; those of the lower layer times those of the upper one at each.
#[test]
fn the_fixed_points_of_a_stack_are_found_layer_by_layer() {
    // Two bistable units one above the other: each has three fixed points, whatever the other hears of it weakly.
    let layer = |from_below| Layer {
        cell: CellMap::vanilla(&[2.0], vec![0.0]),
        from_below,
    };
    let stack = CellMap::stack(vec![layer(Vec::new()), layer(vec![0.1])]).unwrap();
    let found = search(&stack, &[], &[], SearchLimits::default()).unwrap();
    assert_eq!(found.fixed_points.len(), 9);
    assert_eq!(found.complete, Completeness::Proved);
    let index_sum: i32 = found
        .fixed_points
        .iter()
        .map(|point| point.certificate.as_ref().and_then(|c| c.index).unwrap())
        .map(i32::from)
        .sum();
    assert_eq!(index_sum, 1);
    let stack = gru_stack();
    let starts = simulated(&stack, 64, 0.5, 1);
    let found = search(&stack, &[], &starts, SearchLimits::default()).unwrap();
    assert_eq!(found.complete, Completeness::Proved);
    for point in &found.fixed_points {
        assert_near(&image(&stack, &point.state), &point.state, 1e-13);
        assert!(point.certificate.is_some());
    }
}

#[test]
fn a_gain_scales_the_recurrent_weights_of_all_layers() {
    let layer = |gain: f64, from_below: Vec<f64>| Layer {
        cell: CellMap::vanilla(&scaled(&filled(9, 0.1), gain), filled(3, 0.2)),
        from_below,
    };
    let stack =
        |gain| CellMap::stack(vec![layer(gain, Vec::new()), layer(gain, filled(9, 0.5))]).unwrap();
    let state = filled(6, 0.3);
    let scaled = stack(1.0).with_gain(1.7);
    assert_near(&image(&scaled, &state), &image(&stack(1.7), &state), 1e-15);
}

/// z = z/2 + (1 unit that is rectified): z₁' = z₁/2 + relu(z₂), z₂' = z₂/2 + w relu(z₂) + h. With w = 1 and h = −1 there are two
/// fixed points: z₂ = −2 and z₁ = 0, and z₂ = 2 and z₁ = 4.
#[test]
fn all_fixed_points_of_almost_linear_networks_are_found_with_proof() {
    let map = CellMap::almost_linear(&[0.5; 2], &[0.0, 1.0, 0.0, 1.0], &[0.0, -1.0], 1);
    let found = search(&map, &[], &[], SearchLimits::default()).unwrap();
    let mut points: Vec<&[f64]> = found.fixed_points.iter().map(|p| &p.state[..]).collect();
    points.sort_by(|a, b| a[0].total_cmp(&b[0]));
    assert_eq!(points.len(), 2);
    assert_near(points[0], &[0.0, -2.0], 1e-14);
    assert_near(points[1], &[4.0, 2.0], 1e-14);
    assert_eq!(found.complete, Completeness::Proved);
    // At z₂ = 0 the two pieces meet.
    let beside = map.jacobians_beside(&[0.3, 0.0]);
    let slopes: Vec<f64> = beside.iter().map(|jacobian| jacobian[(1, 1)]).collect();
    assert_eq!(slopes, [0.5, 1.5]);
    assert!(map.jacobians_beside(&[0.3, 0.1]).is_empty());
}

/// Halfway between two stacks stands the one of the mean weights; with a third in the middle, that one.
#[test]
fn paths_between_stacks_are_straight_in_their_weights() {
    let stack = |size: f64| {
        let layer = |from_below: Vec<f64>| Layer {
            cell: CellMap::vanilla(&scaled(&filled(9, 0.1), size), filled(3, size)),
            from_below,
        };
        CellMap::stack(vec![
            layer(Vec::new()),
            layer(scaled(&filled(9, 0.5), size)),
        ])
        .unwrap()
    };
    let state = filled(6, 0.3);
    let path = CellPath::through(stack(0.5), &stack(1.1), stack(1.5)).unwrap();
    assert_near(
        &image(&path.at(0.5), &state),
        &image(&stack(1.1), &state),
        1e-14,
    );
    assert!(CellPath::new(stack(0.5), gru_stack()).is_none());
}
