//! Period doubling is universal: Feigenbaum's constants from maps, from networks, and from his functional equation.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::{Experiment, ExperimentError, Paper, Report, Settings};
use crate::parallel;

mod cascades;
mod extended;
mod figure;
mod functional_equation;
mod interval_map;
mod networks;
mod report;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
mod tree;

use cascades::{Cascade, System};
use functional_equation::{Constants, constants};
use interval_map::{IntervalMap, Superstable, superstable};
use networks::{Cascading, cascading};

/// α and δ to 100 digits (Briggs 1991, Mathematics of Computation 57:435; Broadhurst 1999).
pub(super) const ALPHA: &str = "2.502907875095892822283902873218215786381271376727149977336192056779235463179590206703299649746433834";
pub(super) const DELTA: &str = "4.669201609102990671853203820466201617258185577475768632745651343004134330211314737138689744023948013";

/// Orders of the maximum.
const ORDERS: [u32; 4] = [2, 3, 4, 6];

/// The gain at which the cycle of the network of rank one is followed from.
const RANK_ONE_START: f64 = 2.0;

/// The experiment.
pub(super) struct Feigenbaum;

/// How much is computed.
#[derive(Debug, Clone, Copy)]
struct Extent {
    /// Superstable parameters of maps of an interval.
    superstable: usize,
    /// Doublings of the systems whose cycles are followed.
    doublings: usize,
    /// Networks drawn at random.
    networks: usize,
    /// Coefficients of the functional equation, for z = 2 and for other z.
    coefficients: [usize; 2],
}

impl Extent {
    fn of(settings: &Settings) -> Self {
        let full = Self {
            superstable: 13,
            doublings: 9,
            networks: 300,
            coefficients: [30, 20],
        };
        let extent = if settings.is_quick {
            Self {
                networks: 130,
                coefficients: [30, 12],
                ..full
            }
        } else {
            full
        };
        Self {
            networks: settings.seeds.unwrap_or(extent.networks),
            ..extent
        }
    }
}

/// Maps of an interval of one order of the maximum.
struct OfOrder {
    order: u32,
    power: Superstable,
    saturating: Superstable,
    /// From the functional equation, by number of coefficients.
    constants: Vec<Constants>,
}

/// What was computed.
struct Measured {
    logistic: Superstable,
    rank_one: Superstable,
    henon: Cascade,
    /// Those in the figure beside the random network.
    trees: Vec<(&'static str, System, Cascade)>,
    drawn: usize,
    networks: Vec<Cascading>,
    orders: Vec<OfOrder>,
}

impl Experiment for Feigenbaum {
    fn name(&self) -> &'static str {
        "feigenbaum"
    }

    fn paper(&self) -> Paper {
        Paper {
            citation: "Feigenbaum (1978), Quantitative universality for a class of nonlinear transformations, Journal \
                       of Statistical Physics 19",
            source: "doi 10.1007/BF01020332",
        }
    }

    fn about(&self) -> &'static str {
        "Cycles that double their period again and again do so at parameters whose distances shrink by δ, and split by \
         distances that shrink by α, whatever the map, if its maximum is of order z = 2; other z have other constants. \
         Measured on the logistic map and on a network of two units and rank one (superstable cycles), on the Hénon map, \
         b = 0.3, and on vanilla networks x' = tanh(gWx + b) of 16 units drawn at random along their gain g (flips \
         located by continuation), on 1 - A|x|^z and 1 - A tanh|x|^z, z = 2, 3, 4, 6; and from the functional equation \
         g(1)g(x) = g(g(g(1)x)) by collocation, 30 coefficients, in numbers of 400 bits. W_ij ~ N(0, 1/16), b_i ~ N(0, \
         1); of the networks those count whose motion shows periods p to 16p, sooner and sooner, as g grows from 1 to \
         5, and whose cycle could be followed through six doublings or more. Feigenbaum worked with maps of an interval; \
         networks, Hénon map and the bounds of the claims on them are ours."
    }

    fn findings(&self) -> &'static str {
        "Beyond period 2,048 ratios get worse again: distances between parameters shrink by 4.67 a level, and f64 holds 16 \
         digits of them. The functional equation gives 1.5 digits a coefficient.\n\n\
         In more than one dimension alpha converges by a factor of 2.5 a level only, as the Hénon map shows (2.1, 2.6, 2.9 \
         and 3.3 digits at periods 32 to 256): distances are measured in a straight line, and cycles lie on a curved one. \
         The claim on the states of networks, within 0.1 %, is therefore open, not for want of agreement: the shortest of their \
         cascades end at the sixth doubling, where the network of rank one is off by 0.4 %. The order z of the maximum could not be told \
         from the pairs of states that are nearest to each other, which should approach by alpha^z: 1.0 to 2.2 in four \
         networks, since pairs approach across the curve, too, as fast as the map contracts.\n\n\
         The first doublings of networks drawn at random often do not follow each other sooner and sooner, and many \
         cascades end early where motion jumps to another attractor. Without the demand that motion settles on the cycle \
         between two doublings, one of five networks gave delta = 34.7: continuation had gone on to a doubling of a cycle \
         that does not attract.\n\n\
         For z = 3, 5.968 is sometimes quoted; two maps and the functional equation agree on 6.0847."
    }

    /// No network is trained.
    fn has_runs(&self) -> bool {
        false
    }

    fn run(
        &self,
        settings: &Settings,
        progress: &(dyn Fn(usize, usize) + Sync),
    ) -> Result<Report, ExperimentError> {
        let extent = Extent::of(settings);
        let done = AtomicUsize::new(0);
        let all = extent.networks + ORDERS.len() + 1;
        let step = || progress(done.fetch_add(1, Ordering::Relaxed) + 1, all);
        let orders = parallel::map(ORDERS, |order| {
            let of_order = of_order(order, &extent);
            step();
            of_order
        });
        let networks = parallel::map(0..extent.networks as u64, |seed| {
            let found = cascading(seed);
            step();
            found
        });
        let networks = networks.into_iter().flatten().collect();
        let measured = measured(&extent, orders, networks);
        step();
        Ok(report::report(&measured))
    }
}

fn of_order(order: u32, extent: &Extent) -> OfOrder {
    let [of_two, of_others] = extent.coefficients;
    OfOrder {
        order,
        power: superstable(IntervalMap::Power(order), extent.superstable),
        saturating: superstable(IntervalMap::SaturatingPower(order), extent.superstable),
        constants: constants(order, if order == 2 { of_two } else { of_others }),
    }
}

/// Puts all together, with the maps that need no draws.
fn measured(extent: &Extent, orders: Vec<OfOrder>, networks: Vec<Cascading>) -> Measured {
    let henon = System::henon();
    let logistic = System::Logistic(crate::map::LogisticFamily);
    let most = extent.doublings;
    let of_henon = henon.cascade(1, (&[0.85, 0.25], 0.1), 1.2, most);
    let of_logistic = logistic.cascade(1, (&[0.6], 2.5), 3.6, most);
    let mut trees = vec![
        ("logistic map", logistic, of_logistic),
        ("Hénon map", henon, of_henon.clone()),
    ];
    if let Some(rank_one) = System::rank_one() {
        // Beside a fixed point at large negative κ there is one near κ = 0.
        let rates = 1.0_f64.tanh();
        let start = rank_one.orbit(RANK_ONE_START, &[rates, -rates], 400, 2);
        let start = start.last().cloned().unwrap_or_default();
        let cascade = rank_one.cascade(1, (&start, RANK_ONE_START), 2.7, most);
        trees.push(("network of rank one", rank_one, cascade));
    }
    Measured {
        logistic: superstable(IntervalMap::Logistic, extent.superstable),
        rank_one: superstable(IntervalMap::RankOne, extent.superstable),
        henon: of_henon,
        trees,
        drawn: extent.networks,
        networks,
        orders,
    }
}
