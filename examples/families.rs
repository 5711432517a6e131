//! Scratch: attractors of known families.
use std::time::Instant;
use creode::calculus::Jet;
use creode::cell::formula::RateFormula;
use creode::cell::map::CellMap;
use creode::cell::spec::{Activation, LeakyForm};
use creode::dynamics::attractor::{Attractor, Settings, attractors};
use creode::map::{Henon, Logistic, Map};
use faer::{Mat, MatMut};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, StandardNormal};

fn leaky(alpha: f64, w: &[f64], b: Vec<f64>) -> CellMap {
    let f = RateFormula { activation: Activation::Tanh, leak: Some((LeakyForm::Currents, alpha)) };
    CellMap::rate(f, w, b)
}

/// y -> Q F(Q^T y) with extra coordinates that contract by `rate`.
struct Turned<M> { map: M, q: Mat<f64>, dim: usize, rate: f64 }
impl<M: Map> Turned<M> {
    fn new(map: M, dim: usize, rate: f64, seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let a = Mat::from_fn(dim, dim, |_, _| { let x: f64 = StandardNormal.sample(&mut rng); x });
        let q = a.qr().compute_Q();
        Self { map, q, dim, rate }
    }
}
impl<M: Map> Map for Turned<M> {
    fn dim(&self) -> usize { self.dim }
    fn step(&self, p: &[f64], out: &mut [f64]) {
        let n = self.map.dim();
        let mut z: Vec<f64> = (0..self.dim).map(|j| (0..self.dim).map(|i| self.q[(i, j)] * p[i]).sum()).collect();
        let mut img = vec![0.0; n];
        self.map.step(&z[..n], &mut img);
        z[..n].copy_from_slice(&img);
        for x in &mut z[n..] { *x *= self.rate; }
        for i in 0..self.dim { out[i] = (0..self.dim).map(|j| self.q[(i, j)] * z[j]).sum(); }
    }
    fn jacobian(&self, p: &[f64], mut out: MatMut<'_, f64>) {
        let n = self.map.dim();
        let z: Vec<f64> = (0..self.dim).map(|j| (0..self.dim).map(|i| self.q[(i, j)] * p[i]).sum()).collect();
        let mut inner = Mat::zeros(n, n);
        self.map.jacobian(&z[..n], inner.as_mut());
        let mut d = Mat::zeros(self.dim, self.dim);
        for i in 0..n { for j in 0..n { d[(i, j)] = inner[(i, j)]; } }
        for i in n..self.dim { d[(i, i)] = self.rate; }
        out.copy_from(&self.q * &d * self.q.transpose());
    }
    fn jet(&self, _: &[Jet]) -> Vec<Jet> { unimplemented!() }
}

struct Delayed(f64);
impl Map for Delayed {
    fn dim(&self) -> usize { 2 }
    fn step(&self, p: &[f64], out: &mut [f64]) { out[0] = self.0 * p[0] * (1.0 - p[1]); out[1] = p[0]; }
    fn jacobian(&self, p: &[f64], mut o: MatMut<'_, f64>) {
        o[(0, 0)] = self.0 * (1.0 - p[1]); o[(0, 1)] = -self.0 * p[0]; o[(1, 0)] = 1.0; o[(1, 1)] = 0.0;
    }
    fn jet(&self, _: &[Jet]) -> Vec<Jet> { unimplemented!() }
}

/// Symmetric pairs: x' = a x - x^3 + ..., odd.
struct Cubic(f64);
impl Map for Cubic {
    fn dim(&self) -> usize { 1 }
    fn step(&self, p: &[f64], out: &mut [f64]) { out[0] = self.0 * p[0] - p[0].powi(3); }
    fn jacobian(&self, p: &[f64], mut o: MatMut<'_, f64>) { o[(0, 0)] = self.0 - 3.0 * p[0] * p[0]; }
    fn jet(&self, _: &[Jet]) -> Vec<Jet> { unimplemented!() }
}

fn uniform(count: usize, dim: usize, half: f64, seed: u64) -> Vec<Vec<f64>> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..count).map(|_| (0..dim).map(|_| half * rng.random_range(-1.0..1.0)).collect()).collect()
}

fn show<M: Map>(label: &str, map: &M, starts: &[Vec<f64>], expected: &str) {
    let only = std::env::args().nth(1);
    if only.is_some_and(|only| !label.contains(&only)) { return; }
    let t = Instant::now();
    let found = attractors(map, starts, &Settings::default());
    let mut names: Vec<String> = found.basins.iter().take(9).map(|b| {
        let extra = match &b.attractor {
            Attractor::Curve { .. } | Attractor::Torus { .. } | Attractor::Chaotic { .. } => extra(&b.attractor),
            _ => String::new(),
        };
        format!("{}{extra} {}", b.attractor.name(), b.hits)
    }).collect();
    if found.basins.len() > 9 { names.push("…".into()); }
    println!("{label:34} | expected {expected:28} | {:3} found: {} | esc {} | {:.2}s", found.basins.len(), names.join(", "), found.n_escaped, t.elapsed().as_secs_f64());
}

fn extra(a: &Attractor) -> String {
    match a {
        Attractor::Curve { rotation, pieces, exponents, orbit } => format!(" p={pieces} rot={:?} spread={:.0e} l={:.5}±{:.5},{:.4} turn={:.0} T={}", rotation.map(|r| r.number), rotation.map_or(0.0, |r| r.spread), exponents.exponents[0], exponents.errors[0], exponents.exponents[1], orbit.turn_steps(), exponents.steps),
        Attractor::Torus { dimension, exponents, .. } => format!(" d={dimension} {:.5?} T={}", exponents.exponents, exponents.steps),
        Attractor::Chaotic { exponents, .. } => format!(" l1={:.5}±{:.5} T={}", exponents.exponents[0], exponents.errors[0], exponents.steps),
        _ => String::new(),
    }
}

fn product(a: &[f64], n: usize, b: &[f64], m: usize) -> Vec<f64> {
    let d = n + m;
    let mut w = vec![0.0; d * d];
    for i in 0..n { for j in 0..n { w[i * d + j] = a[i * n + j]; } }
    for i in 0..m { for j in 0..m { w[(n + i) * d + n + j] = b[i * m + j]; } }
    w
}

fn rot(g: f64, angle: f64) -> [f64; 4] { let (s, c) = angle.sin_cos(); [c, -s, s, c].map(|w| g * w) }

fn network(n: usize, gain: f64, seed: u64) -> Vec<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..n * n).map(|_| { let x: f64 = StandardNormal.sample(&mut rng); gain / (n as f64).sqrt() * x }).collect()
}

fn main() {
    // Slow curves past four SNICs.
    for d in [0.3, 0.1, 0.05, 0.03, 0.02, 0.01, 0.005, 0.002, 0.001] {
        let w = 0.5426828 + d;
        let map = leaky(0.1, &[2.0, -w, w, 2.0], vec![0.0; 2]);
        show(&format!("slow4 d={d}"), &map, &uniform(256, 2, 2.0, 1), "1 curve");
    }
    for (g, d) in [(2.5, 0.05), (2.5, 0.01), (1.6, 0.02), (1.6, 0.005)] {
        // fold of x = g tanh x - w tanh y ... SNIC place by bisection on motion: scan
        let place = snic(g);
        let w = place + d;
        let map = leaky(0.1, &[g, -w, w, g], vec![0.0; 2]);
        show(&format!("slow4 g={g} d={d}"), &map, &uniform(256, 2, 2.0, 1), "1 curve");
    }
    // Two ghosts.
    for d in [0.1, 0.02, 0.005] {
        let place = snic2();
        let w = place + d;
        let map = leaky(0.1, &[2.4, -w, w, 1.8], vec![0.0; 2]);
        show(&format!("slow2 d={d}"), &map, &uniform(256, 2, 2.0, 1), "1 curve");
    }
    // One ghost: bias
    for d in [0.1, 0.02, 0.005] {
        let w = snic1() + d;
        let map = leaky(0.1, &[2.0, -w, w, 2.0], vec![0.15, 0.0]);
        show(&format!("slow1 d={d}"), &map, &uniform(256, 2, 2.0, 1), "1 curve");
    }
    for (dim, rate) in [(8, 0.5), (16, 0.9), (32, 0.9)] {
        let w = 0.5426828 + 0.02;
        let map = Turned::new(leaky(0.1, &[2.0, -w, w, 2.0], vec![0.0; 2]), dim, rate, 3);
        show(&format!("slow4 turned into {dim}"), &map, &uniform(128, dim, 1.0, 1), "1 curve");
    }
    {
        let w = 0.5426828 + 0.02;
        let small = [2.0, -w, w, 2.0];
        let n = 16;
        let mut rng = ChaCha8Rng::seed_from_u64(9);
        let mut big = vec![0.0; n * n];
        for i in 0..n { for a in 0..2 {
            let shares: Vec<f64> = (0..n / 2).map(|_| rng.random_range(0.0..1.0)).collect();
            let total: f64 = shares.iter().sum();
            for (k, s) in shares.iter().enumerate() { big[i * n + 2 * k + a] = small[(i % 2) * 2 + a] * s / total; }
        } }
        show("slow4 copies of units, 16", &leaky(0.1, &big, vec![0.0; n]), &uniform(128, n, 1.0, 1), "1 curve");
        let two = product(&small, 2, &[2.0], 1);
        show("slow4 x bistable", &leaky(0.1, &two, vec![0.0; 3]), &uniform(256, 3, 2.0, 1), "2 curves");
        let four = product(&two, 3, &[2.0], 1);
        show("slow4 x 2 bistable", &leaky(0.1, &four, vec![0.0; 4]), &uniform(256, 4, 2.0, 1), "4 curves");
        let w2 = 0.5426828 + 0.037; let twice = product(&small, 2, &[2.0, -w2, w2, 2.0], 2);
        show("slow4 x slow4", &leaky(0.1, &twice, vec![0.0; 4]), &uniform(64, 4, 2.0, 1), "1 torus");
    }
    // Fast curves.
    for (g, a) in [(1.3, 1.0), (1.05, 0.3), (1.5, 2.0), (1.2, std::f64::consts::TAU / 5.0 + 1e-3), (1.2, std::f64::consts::TAU / 7.0 + 1e-4), (1.01, 1.0), (1.001, 1.0), (1.0001, 1.0)] {
        show(&format!("rotating g={g} a={a:.4}"), &CellMap::vanilla(&rot(g, a), vec![0.0; 2]), &uniform(128, 2, 1.0, 2), "1 curve (or cycle)");
    }
    for a in [2.05, 2.1, 2.15, 2.2, 2.25, 2.27] {
        let starts: Vec<Vec<f64>> = uniform(64, 2, 0.2, 3).iter().map(|x| x.iter().map(|x| 0.45 + x).collect()).collect();
        show(&format!("delayed logistic a={a}"), &Delayed(a), &starts, "1");
    }
    show("rotating x bistable", &CellMap::vanilla(&product(&rot(1.3, 1.0), 2, &[2.0], 1), vec![0.0; 3]), &uniform(128, 3, 1.0, 2), "2 curves");
    show("rotating x bistable g=1.05", &CellMap::vanilla(&product(&rot(1.3, 1.0), 2, &[1.05], 1), vec![0.0; 3]), &uniform(128, 3, 1.0, 2), "2 curves");
    show("rotating x flip", &CellMap::vanilla(&product(&rot(1.3, 1.0), 2, &[-2.0], 1), vec![0.0; 3]), &uniform(128, 3, 1.0, 2), "1 (2 curves in turn)");
    show("rotating x flip small", &CellMap::vanilla(&product(&rot(1.001, 0.02), 2, &[-2.0], 1), vec![0.0; 3]), &uniform(128, 3, 1.0, 2), "1 (2 curves in turn)");
    let ring3: Vec<f64> = [0., 0., 2., 2., 0., 0., 0., 2., 0.].to_vec();
    show("rotating x ring of 3", &CellMap::vanilla(&product(&rot(1.3, 1.0), 2, &ring3, 3), vec![0.0; 5]), &uniform(128, 5, 1.0, 2), "4 (2 of 1, 2 of 3 curves)");
    let mut ring5 = vec![0.0; 25];
    for i in 0..5 { ring5[((i + 1) % 5) * 5 + i] = 2.0; }
    show("rotating x ring of 5", &CellMap::vanilla(&product(&rot(1.3, 1.0), 2, &ring5, 5), vec![0.0; 7]), &uniform(256, 7, 1.0, 2), "8 (2 of 1, 6 of 5)");
    show("torus fast", &CellMap::vanilla(&product(&rot(1.3, 1.0), 2, &rot(1.4, 0.7), 2), vec![0.0; 4]), &uniform(128, 4, 1.0, 2), "1 torus");
    // Chaos.
    for a in [1.06, 1.07, 1.08, 1.1, 1.2, 1.3, 1.4] {
        show(&format!("henon a={a}"), &Henon { a, b: 0.3 }, &uniform(64, 2, 0.3, 4), "1 chaotic or cycle");
    }
    for r in [3.5701, 3.5705, 3.572, 3.575, 3.58, 3.59, 3.6, 3.65, 3.678, 3.68, 3.7, 3.9, 1.0 + 8f64.sqrt() - 1e-4, 1.0 + 8f64.sqrt() - 1e-6, 3.569945672] {
        show(&format!("logistic r={r:.6}"), &Logistic { rate: r }, &uniform(64, 1, 0.4, 5).iter().map(|x| vec![x[0] + 0.5]).collect::<Vec<_>>(), "1");
    }
    for a in [2.2, 2.3, 2.4, 2.5, 2.55, 2.59, 2.6, 2.62, 2.7] {
        show(&format!("cubic a={a}"), &Cubic(a), &uniform(128, 1, 1.4, 6), if a < 2.598 { "2" } else { "1" });
    }
    for mu in [4.0, 4.9, 6.518_765_156_131_187, 6.518_975_587_091_105_31, 6.53, 6.6, 6.8, 7.0] {
        let map = CellMap::vanilla(&[-mu, mu, -2.0 * mu, 2.0 * mu], vec![0.0; 2]);
        show(&format!("cascade mu={mu:.6}"), &map, &uniform(128, 2, 1.0, 7), "?");
    }
    for (n, gain, seed) in [(64, 2.0, 1), (64, 3.0, 2), (100, 2.0, 3), (100, 3.0, 4), (100, 1.5, 5), (64, 1.5, 6)] {
        show(&format!("random n={n} g={gain} seed={seed}"), &CellMap::vanilla(&network(n, gain, seed), vec![0.0; n]), &uniform(64, n, 1.0, 8), "?");
    }
    for (n, gain, seed) in [(64, 2.0, 1), (64, 3.0, 2), (100, 1.8, 3)] {
        show(&format!("random leaky n={n} g={gain} seed={seed}"), &leaky(0.1, &network(n, gain, seed), vec![0.0; n]), &uniform(64, n, 1.0, 8), "?");
    }
    // Long cycles of piecewise-linear maps (published tests of SCYFI).
    for (k, a1, a2, w1, w2, h1, h2) in [
        (16, 0.8377689000000008, 0.96461297, -0.6437499999999996, 0.52505308, 0.37298253000000087, -0.97931491),
        (27, 0.9777689, 0.96461297, -0.14375, 0.52505308, 0.37298253, -0.97931491),
        (31, 0.9777689, 0.96461297, -0.14375, 1.1750530800000014, 0.37298253, -0.97931491),
        (40, 0.9777689, 0.96461297, -0.6437499999999996, 0.52505308, 0.37298253, -0.97931491),
        (53, 0.9377689000000009, 0.96461297, -0.6437499999999996, 0.52505308, 0.37298253, -0.97931491),
        (65, 0.9777689, 0.96461297, -0.14375, 1.3250530800000015, 0.37298253, -0.97931491),
        (80, 0.9777689, 0.96461297, -0.14375, 0.52505308, 0.37298253, -0.779314909999999),
        (83, 0.9777689, 0.96461297, -0.14375, 0.675053080000001, 0.37298253, -0.97931491),
    ] {
        let map = CellMap::piecewise_linear(&[a1, a2], &[0.0, w1, w2, 0.0], vec![h1, h2]);
        show(&format!("plrnn {k}"), &map, &uniform(64, 2, 5.0, 2), &format!("{k}-cycle"));
    }
}

fn snic(g: f64) -> f64 { bisect(|w| leaky(0.1, &[g, -w, w, g], vec![0.0; 2])) }
fn snic2() -> f64 { bisect(|w| leaky(0.1, &[2.4, -w, w, 1.8], vec![0.0; 2])) }
fn snic1() -> f64 { bisect(|w| leaky(0.1, &[2.0, -w, w, 2.0], vec![0.15, 0.0])) }
fn bisect(make: impl Fn(f64) -> CellMap) -> f64 {
    let (mut low, mut high) = (0.0, 3.0);
    for _ in 0..26 {
        let mid = 0.5 * (low + high);
        let map = make(mid);
        let mut x = vec![1.0, 0.3];
        let mut n = x.clone();
        for _ in 0..60_000 { map.step(&x, &mut n); std::mem::swap(&mut x, &mut n); }
        map.step(&x, &mut n);
        let moved = (x[0] - n[0]).abs().max((x[1] - n[1]).abs());
        if moved < 1e-9 { low = mid } else { high = mid }
    }
    high
}
