//! What activity within the trained range tells of a network's class: features, nearest neighbours, Cohen's κ.

use faer::Mat;

use super::network::Network;
use super::timing::TimingTask;
use crate::statistics::decoding::participation_ratio;

/// Names of the features.
pub(super) const FEATURES: [&str; 12] = [
    "log speed at the end of the time before the first pulse",
    "log speed after the first pulse",
    "log speed before the second pulse, at the longest interval",
    "log speed at the end of the trial",
    "straightness between the pulses",
    "log of the way between the pulses",
    "cosine of the ways between the pulses and after the second",
    "cosine of the way during the first pulse and that between the pulses",
    "distance of the states before the second pulse at the shortest and the longest interval",
    "participation ratio",
    "mean squared output between the pulses",
    "distance of the state before the second pulse from that before the first",
];

/// The features of a network, of its activity in trials within the trained range, means over pairs of pulses.
///
/// Speeds are root mean squares over units; distances and ways are relative to the root mean square distance of all states
/// from their mean.
pub(super) fn features(network: &Network<'_>, task: TimingTask) -> Vec<f64> {
    let pairs = network.pairs();
    let mut sum = vec![0.0; FEATURES.len()];
    for pair in 0..pairs {
        for (sum, feature) in sum.iter_mut().zip(of_pair(network, task, pair)) {
            *sum += feature / pairs as f64;
        }
    }
    sum
}

fn of_pair(network: &Network<'_>, task: TimingTask, pair: usize) -> [f64; 12] {
    let (width, probed) = (task.width(), task.probed());
    let (onset, shortest, longest) = (probed.onsets[0], probed.gaps[0], probed.gaps[1]);
    let start = network.start();
    let with = |from: &[f64], states: Vec<Vec<f64>>| -> Vec<Vec<f64>> {
        std::iter::once(from.to_vec()).chain(states).collect()
    };
    let before = with(&start, network.at_rest(&start, onset));
    let pulse = with(&before[onset], network.first(pair, &before[onset], width));
    let between = with(&pulse[width], network.at_rest(&pulse[width], longest));
    let second = network.second(pair, &between[longest], width);
    let after = with(
        &second[width - 1],
        network.at_rest(&second[width - 1], longest),
    );
    let all: Vec<&Vec<f64>> = [&before, &pulse, &between, &after]
        .into_iter()
        .flatten()
        .collect();
    let cloud = Mat::from_fn(all.len(), start.len(), |row, unit| all[row][unit]);
    let extent = extent(&cloud);
    let way = |states: &[Vec<f64>]| difference(&states[states.len() - 1], &states[0]);
    let length: f64 = between
        .windows(2)
        .map(|pair| norm(&difference(&pair[1], &pair[0])))
        .sum();
    let outputs = network.outputs(&between);
    [
        speed(&before[onset - 1], &before[onset]),
        speed(&between[0], &between[1]),
        speed(&between[longest - 1], &between[longest]),
        speed(&after[longest - 1], &after[longest]),
        norm(&way(&between)) / length.max(f64::MIN_POSITIVE),
        (length / extent).max(1e-9).ln(),
        cosine(&way(&between), &way(&after)),
        cosine(&way(&pulse), &way(&between)),
        norm(&difference(&between[longest], &between[shortest])) / extent,
        participation_ratio(cloud.as_ref()),
        outputs.iter().map(|output| output * output).sum::<f64>() / outputs.len() as f64,
        norm(&difference(&between[longest], &before[onset])) / extent,
    ]
}

fn difference(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

fn norm(a: &[f64]) -> f64 {
    a.iter().map(|x| x * x).sum::<f64>().sqrt()
}

/// Logarithm of the root mean square over units of a step; at least that of 10⁻⁹.
fn speed(a: &[f64], b: &[f64]) -> f64 {
    (norm(&difference(a, b)) / (a.len() as f64).sqrt())
        .max(1e-9)
        .ln()
}

fn cosine(a: &[f64], b: &[f64]) -> f64 {
    let product: f64 = a.iter().zip(b).map(|(a, b)| a * b).sum();
    product / (norm(a) * norm(b)).max(f64::MIN_POSITIVE)
}

/// Root mean square distance from the mean.
fn extent(cloud: &Mat<f64>) -> f64 {
    let rows = cloud.nrows() as f64;
    let variance = |unit: usize| {
        let column = cloud.col(unit);
        let mean = column.iter().sum::<f64>() / rows;
        column.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / rows
    };
    (0..cloud.ncols())
        .map(variance)
        .sum::<f64>()
        .sqrt()
        .max(f64::MIN_POSITIVE)
}

/// The class of each sample by a vote of its `count` nearest neighbours, itself left out; the nearest decides a draw.
///
/// Features are scaled to a variance of 1 over all samples, which needs no class.
pub(super) fn by_neighbours(features: &[Vec<f64>], classes: &[usize], count: usize) -> Vec<usize> {
    let scaled = scaled(features);
    let predicted = (0..scaled.len()).map(|sample| {
        let mut others: Vec<usize> = (0..scaled.len()).filter(|&other| other != sample).collect();
        let off = |other: &usize| norm(&difference(&scaled[*other], &scaled[sample]));
        others.sort_by(|a, b| off(a).total_cmp(&off(b)));
        others.truncate(count);
        let votes = |class: usize| others.iter().filter(|&&of| classes[of] == class).count();
        let most = others.iter().map(|&of| votes(classes[of])).max();
        let winner = others.iter().find(|&&of| Some(votes(classes[of])) == most);
        winner.map_or(classes[sample], |&of| classes[of])
    });
    predicted.collect()
}

fn scaled(features: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let count = features.len() as f64;
    let width = features.first().map_or(0, Vec::len);
    let moments: Vec<(f64, f64)> = (0..width)
        .map(|place| {
            let column = features.iter().map(|of| of[place]);
            let mean = column.clone().sum::<f64>() / count;
            let variance = column.map(|x| (x - mean).powi(2)).sum::<f64>() / count;
            (mean, variance.sqrt().max(1e-12))
        })
        .collect();
    let scale = |of: &Vec<f64>| {
        let pairs = of.iter().zip(&moments);
        pairs
            .map(|(x, (mean, deviation))| (x - mean) / deviation)
            .collect()
    };
    features.iter().map(scale).collect()
}

/// Cohen's κ of predicted and true classes, each sample counted so often: (p_o − p_e)/(1 − p_e) with the share p_o of agreement
/// and that, p_e, which the frequencies of both give by chance (Cohen 1960); `None` where chance alone agrees always.
pub(super) fn kappa(classes: &[usize], predicted: &[usize], counts: &[u32]) -> Option<f64> {
    let total: f64 = counts.iter().map(|&count| f64::from(count)).sum();
    let share = |is: &dyn Fn(usize) -> bool| {
        let places = (0..classes.len()).filter(|&place| is(place));
        places.map(|place| f64::from(counts[place])).sum::<f64>() / total
    };
    let agreed = share(&|place| classes[place] == predicted[place]);
    let most = classes
        .iter()
        .chain(predicted)
        .max()
        .map_or(0, |last| last + 1);
    let chance: f64 = (0..most)
        .map(|class| {
            share(&|place| classes[place] == class) * share(&|place| predicted[place] == class)
        })
        .sum();
    (chance < 1.0).then(|| (agreed - chance) / (1.0 - chance))
}
