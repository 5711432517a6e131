//! x
use std::time::Instant;
use creode::cell::map::CellMap;
use creode::dynamics::lyapunov::*;
use creode::dynamics::rotation::rotation_number;
use creode::dynamics::cycle::*;
use creode::map::iterate::Iterate;
use creode::map::Map;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, StandardNormal};
fn main() {
    let (n, gain) = (100, 1.5);
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let w: Vec<f64> = (0..n * n).map(|_| { let x: f64 = StandardNormal.sample(&mut rng); gain / (n as f64).sqrt() * x }).collect();
    let map = CellMap::vanilla(&w, vec![0.0; n]);
    let mut x: Vec<f64> = (0..n).map(|_| StandardNormal.sample(&mut rng)).collect();
    let mut nx = x.clone();
    for _ in 0..9000 { map.step(&x, &mut nx); std::mem::swap(&mut x, &mut nx); }
    let t = Instant::now();
    let o = Iterate::new(&map, 2048).orbit(&x);
    println!("orbit 2048 {:?}", t.elapsed());
    let t = Instant::now();
    let _ = lyapunov(&map, &x, 1, Lengths { burn_in: 200, steps: 4000 });
    println!("quick {:?}", t.elapsed());
    let t = Instant::now();
    let mut s = Stretching::from(&map, &x, 4, 200); s.advance(4096);
    println!("stretch {:?}", t.elapsed());
    let t = Instant::now();
    println!("{:?}", rotation_number(&map, &x, 4096));
    println!("rot {:?}", t.elapsed());
    let t = Instant::now();
    println!("{:?}", settled_on(&map, &x, 64).map(|c| c.period()));
    println!("settled_on {:?}", t.elapsed());
    let t = Instant::now();
    println!("{:?}", settled_orbit(&map, &o.concat()).map(|c| c.period()));
    println!("settled_orbit {:?}", t.elapsed());
}
