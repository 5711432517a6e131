//! Feigenbaum's constants from all that was computed: claims, tables.

use super::super::{Claim, Expectation, Report, Table, TableCell};
use super::extended::{Big, big, nearest, parsed, size};
use super::functional_equation::Constants;
use super::interval_map::{Superstable, ratios, shrinking};
use super::{ALPHA, DELTA, Measured, OfOrder};
use crate::statistics::Estimate;

/// The longest period that the first ratios need is 2 to the power of this.
pub(super) const FIRST_LEVEL: usize = 2;
/// Relative deviation from a constant that a claim allows.
const NEAR: f64 = 1e-3;
/// Numbers of coefficients in the table.
const COEFFICIENTS: [usize; 9] = [1, 2, 3, 5, 10, 15, 20, 25, 30];
/// Digits that the functional equation is to give.
const DIGITS: f64 = 40.0;

/// The constants as they were published.
pub(super) struct Published {
    constants: [Big; 2],
}

impl Published {
    fn new() -> Option<Self> {
        let constants = [parsed(DELTA)?, parsed(ALPHA)?];
        Some(Self { constants })
    }

    pub(super) fn delta(&self) -> f64 {
        nearest(&self.constants[0])
    }

    pub(super) fn alpha(&self) -> f64 {
        nearest(&self.constants[1])
    }

    /// Relative errors of δ and α.
    pub(super) fn errors(&self, found: &Constants) -> [f64; 2] {
        let [delta, alpha] = &self.constants;
        let error = |found: &Big, published: &Big| nearest(&size(&(found / published - big(1.0))));
        [error(&found.delta, delta), error(&found.alpha, alpha)]
    }
}

/// Ratios of one system that tend to Feigenbaum's constants.
pub(super) struct Ratios {
    pub(super) name: &'static str,
    /// Which kind of system, in the order of the tables and figures.
    pub(super) kind: usize,
    pub(super) deltas: Vec<f64>,
    /// Without their signs.
    pub(super) alphas: Vec<f64>,
}

/// Kinds of systems.
const KINDS: [&str; 4] = [
    "logistic map",
    "Hénon map",
    "network of rank one",
    "random networks",
];

impl Ratios {
    /// Those of all systems with a maximum of order 2.
    pub(super) fn of(measured: &Measured) -> Vec<Self> {
        let of_interval = |kind: usize, of: &Superstable| {
            let alphas = shrinking(&of.spreads);
            Self {
                name: KINDS[kind],
                kind,
                deltas: ratios(&of.places),
                alphas: alphas.into_iter().map(f64::abs).collect(),
            }
        };
        let of_cascade = |kind: usize, of: &super::Cascade| Self {
            name: KINDS[kind],
            kind,
            deltas: of.deltas(),
            alphas: of.alphas(),
        };
        let mut all = vec![
            of_interval(0, &measured.logistic),
            of_cascade(1, &measured.henon),
            of_interval(2, &measured.rank_one),
        ];
        let networks = measured.networks.iter();
        all.extend(networks.map(|of| of_cascade(3, &of.cascade)));
        all
    }
}

/// The last of some ratios; NaN of none.
fn last(of: &[f64]) -> f64 {
    of.last().copied().unwrap_or(f64::NAN)
}

fn deviation(found: f64, constant: f64) -> f64 {
    (found / constant - 1.0).abs()
}

pub(super) fn report(measured: &Measured) -> Report {
    let Some(published) = Published::new() else {
        return Report {
            claims: Vec::new(),
            tables: Vec::new(),
            figure: None,
        };
    };
    let systems = Ratios::of(measured);
    let mut claims = vec![of_equation(measured, &published)];
    claims.extend(of_systems(&systems, &published));
    claims.extend(of_networks(measured, &systems, &published));
    claims.extend(of_orders(&measured.orders));
    Report {
        claims,
        tables: vec![
            table_of_levels(&systems, &published),
            table_of_equation(measured, &published),
            table_of_orders(&measured.orders),
            table_of_networks(measured),
        ],
        figure: Some(super::figure::figure(measured, &published)),
    }
}

fn of_equation(measured: &Measured, published: &Published) -> Claim {
    let quadratic = measured.orders.iter().find(|of| of.order == 2);
    let found = quadratic.and_then(|of| of.constants.last());
    let digits = found.map_or([f64::NAN; 2], |found| {
        published.errors(found).map(|error| -error.log10())
    });
    Claim::new(
        "digits of δ and α from the functional equation that are the published ones, the fewer of both",
        Expectation::at_least(DIGITS),
        Estimate::exact(if digits[0] < digits[1] { digits[0] } else { digits[1] }),
    )
    .of_theory()
}

fn of_systems(systems: &[Ratios], published: &Published) -> Vec<Claim> {
    let largest = |of: fn(&Ratios) -> &[f64], constant: f64| {
        let maps = systems.iter().filter(|of| of.kind < 3);
        let errors = maps.map(|system| deviation(last(of(system)), constant));
        // A missing one is no small one.
        errors.fold(
            0.0,
            |most: f64, error| if most >= error { most } else { error },
        )
    };
    let claim = |name: &str, error: f64| {
        let statement = format!(
            "largest relative deviation from {name} at the last level of logistic map, Hénon map and network of rank one"
        );
        Claim::new(
            &statement,
            Expectation::at_most(NEAR),
            Estimate::exact(error),
        )
        .of_ours()
    };
    vec![
        claim("δ", largest(|of| &of.deltas, published.delta())),
        claim("α", largest(|of| &of.alphas, published.alpha())),
    ]
}

fn of_networks(measured: &Measured, systems: &[Ratios], published: &Published) -> Vec<Claim> {
    let networks = || systems.iter().filter(|of| of.kind == 3);
    let near =
        |constant: f64| Expectation::between(constant * (1.0 - NEAR), constant * (1.0 + NEAR));
    let deltas: Vec<f64> = networks().map(|of| last(&of.deltas)).collect();
    let alphas: Vec<f64> = networks().map(|of| last(&of.alphas)).collect();
    let nearest_is_two = |ratios: &&Ratios| {
        let by = |of: fn(&Constants) -> &Big, found: f64| {
            let constants = measured.orders.iter();
            let off = constants.filter_map(|orders| {
                let constant = nearest(of(orders.constants.last()?));
                Some((orders.order, deviation(found, constant)))
            });
            off.min_by(|a, b| a.1.total_cmp(&b.1)).map(|of| of.0)
        };
        let nearest = [
            by(|of| &of.delta, last(&ratios.deltas)),
            by(|of| &of.alpha, last(&ratios.alphas)),
        ];
        nearest == [Some(2); 2]
    };
    let of_two = networks().filter(nearest_is_two).count();
    vec![
        Claim::new(
            "δ of networks drawn at random, at their last level",
            near(published.delta()),
            Estimate::mean(&deltas),
        )
        .of_ours(),
        Claim::new(
            "|α| of networks drawn at random, at their last level",
            near(published.alpha()),
            Estimate::mean(&alphas),
        )
        .of_ours(),
        Claim::new(
            "share of networks drawn at random whose δ and α are nearest to those of z = 2, among z = 2, 3, 4, 6",
            Expectation::at_least(0.5),
            Estimate::share(of_two, deltas.len()),
        )
        .of_ours(),
    ]
}

fn of_orders(orders: &[OfOrder]) -> Vec<Claim> {
    let deltas = |of: &OfOrder| [&of.power, &of.saturating].map(|map| last(&ratios(&map.places)));
    let within = orders.iter().map(|of| {
        let [a, b] = deltas(of);
        deviation(a, b)
    });
    let within = within.fold(
        0.0,
        |most: f64, error| if most >= error { most } else { error },
    );
    let between = orders.windows(2).map(|of| {
        let [below, above] = [deltas(&of[0]), deltas(&of[1])];
        above[0].min(above[1]) / below[0].max(below[1]) - 1.0
    });
    let statement =
        "relative difference of δ, the largest between two maps of one order z = 2, 3, 4, 6";
    let between_statement = "relative difference of δ, the least between maps of different z";
    vec![
        Claim::new(
            statement,
            Expectation::at_most(NEAR),
            Estimate::exact(within),
        )
        .of_ours(),
        Claim::new(
            between_statement,
            Expectation::at_least(100.0 * NEAR),
            Estimate::exact(between.fold(f64::INFINITY, f64::min)),
        )
        .of_ours(),
    ]
}

fn number(value: f64) -> TableCell {
    TableCell::Number(Estimate::exact(value))
}

/// Correct digits by level, of networks the mean over those that come so far.
fn table_of_levels(systems: &[Ratios], published: &Published) -> Table {
    let mut heads = vec!["longest period".to_owned()];
    heads.extend(
        KINDS
            .iter()
            .flat_map(|name| [format!("{name}: δ"), format!("{name}: α")]),
    );
    let mut table = Table::new("Correct digits by level", &[]);
    table.columns = heads;
    let longest = systems.iter().map(|of| of.alphas.len()).max().unwrap_or(0);
    for place in 0..longest {
        let mut row = vec![TableCell::Count(1 << (FIRST_LEVEL + place))];
        for kind in 0..KINDS.len() {
            let of_kind = || systems.iter().filter(|of| of.kind == kind);
            let deltas = of_kind().filter_map(|of| of.deltas.get(place));
            let alphas = of_kind().filter_map(|of| of.alphas.get(place));
            row.push(digits(deltas, published.delta()));
            row.push(digits(alphas, published.alpha()));
        }
        table.rows.push(row);
    }
    table
}

fn digits<'a>(of: impl Iterator<Item = &'a f64>, constant: f64) -> TableCell {
    let digits: Vec<f64> = of
        .map(|&found| -deviation(found, constant).log10())
        .collect();
    if digits.is_empty() {
        TableCell::Text(String::new())
    } else {
        TableCell::Number(Estimate::mean(&digits))
    }
}

fn table_of_equation(measured: &Measured, published: &Published) -> Table {
    let title = "Correct digits from the functional equation, z = 2, by number of coefficients";
    let mut table = Table::new(title, &["coefficients", "δ", "α"]);
    let quadratic = measured.orders.iter().filter(|of| of.order == 2);
    for constants in quadratic.flat_map(|of| &of.constants) {
        let count = constants.coefficients.len();
        if COEFFICIENTS.contains(&count) {
            let digits = published
                .errors(constants)
                .map(|error| number(-error.log10()));
            let mut row = vec![TableCell::Count(count)];
            row.extend(digits);
            table.rows.push(row);
        }
    }
    table
}

fn table_of_orders(orders: &[OfOrder]) -> Table {
    let mut table = Table::new(
        "Constants by the order z of the maximum, of maps at their last level",
        &[
            "z",
            "δ of 1 − A|x|ᶻ",
            "δ of 1 − A tanh|x|ᶻ",
            "δ, functional equation",
            "α of 1 − A|x|ᶻ",
            "α of 1 − A tanh|x|ᶻ",
            "α, functional equation",
        ],
    );
    for of in orders {
        let maps = [&of.power, &of.saturating];
        let deltas = maps.map(|map| number(last(&ratios(&map.places))));
        let alphas = maps.map(|map| number(last(&shrinking(&map.spreads)).abs()));
        let equation = of.constants.last();
        let equation = equation.map_or([f64::NAN; 2], |of| [&of.delta, &of.alpha].map(nearest));
        let mut row = vec![TableCell::Count(of.order as usize)];
        row.extend(deltas);
        row.push(number(equation[0]));
        row.extend(alphas);
        row.push(number(equation[1]));
        table.rows.push(row);
    }
    table
}

fn table_of_networks(measured: &Measured) -> Table {
    let title = format!(
        "Networks with a cascade, of {} drawn at random, at their last level",
        measured.drawn
    );
    let columns = [
        "seed",
        "period at first",
        "first doubling (gain)",
        "doublings",
        "δ",
        "|α|",
    ];
    let mut table = Table::new(&title, &columns);
    for of in &measured.networks {
        let places = of.cascade.places();
        table.rows.push(vec![
            TableCell::Count(of.seed as usize),
            TableCell::Count(of.period),
            number(places[0]),
            TableCell::Count(places.len()),
            number(last(&of.cascade.deltas())),
            number(last(&of.cascade.alphas())),
        ]);
    }
    table
}
