//! The runs of a population: every curriculum with every variant, every combination of settings and every seed.
//!
//! Where there is pretraining, that is trained first, once for each seed; every curriculum is then trained from each of these
//! networks.
//!
//! A run is called after what makes it, as in `flip-flop,cell=gru,units=64,seed=7`. The name depends on nothing else, so it
//! stays when seeds, values or curricula join the plan.

use toml::Value;

use super::axis::Axis;
use super::joined::Joined;
use super::seeds::Seeds;
use super::variant::Variant;
use crate::curriculum::Override;
use crate::curriculum::transfer::BETWEEN;
use crate::trace::digest;
use crate::trace::names::MOST_NAME_BYTES;

/// Characters of the longest value that a name repeats.
const MOST_VALUE_CHARACTERS: usize = 24;

/// What a population is of.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Plan {
    /// Names of the curricula that the networks learn first; none if they begin untrained. Settings and variants are not theirs.
    pub pretraining: Vec<String>,
    /// Networks of pretraining beside each other in one, in the order of their names.
    pub joined: Vec<Joined>,
    /// Names of the curricula, without the extension of their files; each once.
    pub curricula: Vec<String>,
    /// Settings that are made together, in the order of their names; none stands for the curricula as they are.
    pub variants: Vec<Variant>,
    /// The settings that differ between runs, in the order of their keys.
    pub axes: Vec<Axis>,
    /// The seeds.
    pub seeds: Seeds,
}

/// A run of a population, whether or not it was begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedRun {
    /// Its name, that of its folder.
    pub name: String,
    /// Name of its curriculum.
    pub curriculum: String,
    /// What it changes in the curriculum.
    pub settings: Vec<Override>,
    /// Its seed.
    pub seed: u64,
    /// The run whose network it starts from, if it does.
    pub from: Option<Origin>,
}

/// The runs of the same population that another starts from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Name of their curriculum, or of the networks that are joined.
    pub pretraining: String,
    /// Names of the runs; several are joined.
    pub runs: Vec<String>,
}

/// A network that a curriculum begins with.
#[derive(Debug, Clone, Copy)]
enum Network<'a> {
    /// Of pretraining.
    Learned(&'a String),
    /// Several.
    Joined(&'a Joined),
}

impl Network<'_> {
    fn name(&self) -> &str {
        match self {
            Self::Learned(name) => name,
            Self::Joined(joined) => &joined.variant.name,
        }
    }

    fn origin(&self, seed: u64) -> Origin {
        let run = |name: &String| format!("{name},seed={seed}");
        Origin {
            pretraining: self.name().to_owned(),
            runs: match self {
                Self::Learned(name) => vec![run(name)],
                Self::Joined(joined) => joined.of.iter().map(run).collect(),
            },
        }
    }

    fn settings(&self) -> Vec<Override> {
        match self {
            Self::Learned(_) => Vec::new(),
            Self::Joined(joined) => joined.variant.overrides(),
        }
    }
}

impl PlannedRun {
    /// The settings as a text, with spaces between.
    pub fn settings_text(&self) -> String {
        let texts: Vec<String> = self.settings.iter().map(Override::to_string).collect();
        texts.join(" ")
    }

    /// All that is set in its curriculum: where its network comes from, and the settings.
    pub fn overrides(&self) -> Vec<Override> {
        let from = self.from.as_ref().map(|of| Override {
            key: "network.from".to_owned(),
            value: Value::String(of.runs.join(BETWEEN)).to_string(),
        });
        from.into_iter().chain(self.settings.clone()).collect()
    }
}

impl Plan {
    /// All runs: seed after seed of the first combination of settings of the first variant of the first curriculum, and so on.
    /// Settings come after those of the variant.
    pub fn runs(&self) -> Vec<PlannedRun> {
        let combinations = self.combinations();
        let mut runs = Vec::new();
        for pretraining in &self.pretraining {
            runs.extend(self.seeds.iter().map(|seed| PlannedRun {
                name: format!("{pretraining},seed={seed}"),
                curriculum: pretraining.clone(),
                settings: Vec::new(),
                seed,
                from: None,
            }));
        }
        for (curriculum, network, variant) in self.begins() {
            let told = match network {
                Some(network) => format!("{curriculum},{}", network.name()),
                None => curriculum.clone(),
            };
            for combination in &combinations {
                let begin = self.name(&told, variant, combination);
                let mut settings = network.map_or_else(Vec::new, |of| of.settings());
                settings.extend(variant.map_or_else(Vec::new, Variant::overrides));
                let of_axes = combination.iter().zip(&self.axes);
                settings.extend(of_axes.map(|(value, axis)| axis.set_to(value)));
                runs.extend(self.seeds.iter().map(|seed| PlannedRun {
                    name: format!("{begin},seed={seed}"),
                    curriculum: curriculum.clone(),
                    settings: settings.clone(),
                    seed,
                    from: network.map(|of| of.origin(seed)),
                }));
            }
        }
        runs
    }

    /// The names of all curricula, those of pretraining first.
    pub fn all_curricula(&self) -> impl Iterator<Item = &String> {
        self.pretraining.iter().chain(&self.curricula)
    }

    /// Number of runs.
    pub fn count(&self) -> u64 {
        let values = self.axes.iter().map(|axis| axis.values.len() as u64);
        let networks = self.pretraining.len() + self.joined.len();
        let begins = self.curricula.len() * networks.max(1) * self.variants.len().max(1);
        let combinations = values.fold(begins as u64, u64::saturating_mul);
        let of_a_seed = combinations.saturating_add(self.pretraining.len() as u64);
        of_a_seed.saturating_mul(self.seeds.count())
    }

    /// Every curriculum from every network with every variant.
    fn begins(&self) -> Vec<(&String, Option<Network<'_>>, Option<&Variant>)> {
        let learned = self.pretraining.iter().map(Network::Learned);
        let joined = self.joined.iter().map(Network::Joined);
        let networks: Vec<Network<'_>> = learned.chain(joined).collect();
        let networks: Vec<_> = or_none(&networks)
            .into_iter()
            .map(Option::<&Network<'_>>::copied)
            .collect();
        let variants = or_none(&self.variants);
        let mut begins = Vec::new();
        for curriculum in &self.curricula {
            for &network in &networks {
                begins.extend(
                    variants
                        .iter()
                        .map(|&variant| (curriculum, network, variant)),
                );
            }
        }
        begins
    }

    /// Every choice of one value an axis; the last axis changes fastest.
    fn combinations(&self) -> Vec<Vec<&Value>> {
        let mut combinations = vec![Vec::new()];
        for axis in &self.axes {
            let longer = |before: &Vec<_>, value| [&before[..], &[value]].concat();
            combinations = combinations
                .iter()
                .flat_map(|before| axis.values.iter().map(move |value| longer(before, value)))
                .collect();
        }
        combinations
    }

    /// The name of the runs of a combination, but for the seed.
    fn name(&self, curriculum: &str, variant: Option<&Variant>, combination: &[&Value]) -> String {
        let told = || self.axes.iter().filter(|axis| !axis.is_constant);
        let keys: Vec<&str> = told().map(|axis| axis.key.as_str()).collect();
        let mut name = curriculum.to_owned();
        if let Some(variant) = variant {
            name = format!("{name},{}", variant.name);
        }
        let values = combination.iter().zip(&self.axes);
        for (value, axis) in values.filter(|(_, axis)| !axis.is_constant) {
            name = format!("{name},{}={}", short_key(&axis.key, &keys), short(value));
        }
        let most = MOST_NAME_BYTES - ",seed=".len() - u64::MAX.to_string().len();
        if name.len() <= most {
            return name;
        }
        let sum = digest(name.as_bytes());
        format!("{curriculum},settings={}", &sum[..12])
    }
}

/// All of a list, or that there is none.
fn or_none<T>(list: &[T]) -> Vec<Option<&T>> {
    if list.is_empty() {
        vec![None]
    } else {
        list.iter().map(Some).collect()
    }
}

/// The end of a key that no other key of the population has, and that is no number.
fn short_key<'a>(key: &'a str, keys: &[&str]) -> &'a str {
    let ends = key.match_indices('.').rev().map(|(at, _)| &key[at + 1..]);
    let is_its_own = |end: &&str| {
        let dotted = format!(".{end}");
        let has_end = |other: &&&str| **other == *end || other.ends_with(&dotted);
        keys.iter().filter(has_end).count() == 1
    };
    let begins_with_a_word = |end: &&str| !end.starts_with(|first: char| first.is_ascii_digit());
    let mut ends = ends.filter(is_its_own).filter(begins_with_a_word);
    ends.next().unwrap_or(key)
}

/// A value as a part of a name: as it is where it is short and plain, else its beginning with a checksum.
fn short(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._+-".contains(c);
    let plain: String = text.chars().filter(|&c| is_plain(c)).collect();
    if plain == text && !text.is_empty() && text.len() <= MOST_VALUE_CHARACTERS {
        return text;
    }
    let begin: String = plain.chars().take(MOST_VALUE_CHARACTERS).collect();
    format!("{begin}~{}", &digest(text.as_bytes())[..6])
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::trace::check_name;

    fn plan(curricula: &[&str], axes: &[&str], seeds: &str) -> Plan {
        let mut axes: Vec<Axis> = axes.iter().map(|axis| axis.parse().unwrap()).collect();
        axes.sort_by(|a, b| a.key.cmp(&b.key));
        Plan {
            curricula: curricula.iter().map(|&name| name.to_owned()).collect(),
            axes,
            seeds: seeds.parse().unwrap(),
            ..Plan::default()
        }
    }

    fn names(plan: &Plan) -> Vec<String> {
        plan.runs().into_iter().map(|run| run.name).collect()
    }

    #[test]
    fn a_plan_is_the_product_of_curricula_settings_and_seeds() {
        let plan = plan(
            &["at-once", "growing"],
            &["network.units=32,64", "network.cell=gru"],
            "0..1",
        );
        assert_eq!(
            names(&plan),
            [
                "at-once,cell=gru,units=32,seed=0",
                "at-once,cell=gru,units=32,seed=1",
                "at-once,cell=gru,units=64,seed=0",
                "at-once,cell=gru,units=64,seed=1",
                "growing,cell=gru,units=32,seed=0",
                "growing,cell=gru,units=32,seed=1",
                "growing,cell=gru,units=64,seed=0",
                "growing,cell=gru,units=64,seed=1",
            ]
        );
        assert_eq!(plan.count(), 8);
        let last = plan.runs().pop().unwrap();
        assert_eq!(
            last.settings_text(),
            "network.cell=\"gru\" network.units=64"
        );
        assert_eq!((last.curriculum.as_str(), last.seed), ("growing", 1));
    }

    #[test]
    fn variants_come_first_and_names_tell_no_constants() {
        let variant = |name, settings: &str| Variant::new(name, settings.parse().unwrap()).unwrap();
        let plan = Plan {
            variants: vec![
                variant("gru", "'network.cell' = 'gru'"),
                variant(
                    "relu",
                    "'network.cell' = 'vanilla'\n'network.activation' = 'relu'",
                ),
            ],
            axes: vec![Axis::constant("network.units", 8.into()).unwrap()],
            ..plan(&["a"], &[], "0..1")
        };
        let runs = plan.runs();
        assert_eq!(plan.count(), 4);
        assert_eq!(
            names(&plan),
            [
                "a,gru,seed=0",
                "a,gru,seed=1",
                "a,relu,seed=0",
                "a,relu,seed=1"
            ]
        );
        assert_eq!(
            runs[3].settings_text(),
            "network.activation=\"relu\" network.cell=\"vanilla\" network.units=8"
        );
    }

    #[test]
    fn pretraining_comes_first_and_every_curriculum_follows_from_each_of_its_networks() {
        let plan = Plan {
            pretraining: vec!["pos".to_owned(), "mem".to_owned()],
            ..plan(&["a", "b"], &["x.y=1,2"], "0..1")
        };
        let runs = plan.runs();
        assert_eq!(runs.len() as u64, plan.count());
        assert_eq!(plan.count(), 2 * (2 + 2 * 2 * 2));
        let first: Vec<&str> = runs[..5].iter().map(|run| run.name.as_str()).collect();
        assert_eq!(
            first,
            [
                "pos,seed=0",
                "pos,seed=1",
                "mem,seed=0",
                "mem,seed=1",
                "a,pos,y=1,seed=0"
            ]
        );
        assert!(runs[..4].iter().all(|run| run.overrides().is_empty()));
        for run in &runs[4..] {
            let from = run.from.as_ref().unwrap();
            let name = format!("{},seed={}", from.pretraining, run.seed);
            assert_eq!(from.runs, [name.as_str()]);
            let set = run.overrides()[0].to_string();
            assert_eq!(set, format!("network.from=\"{name}\""));
        }
    }

    #[test]
    fn networks_that_are_joined_start_from_several_runs() {
        let settings = "'network.units' = 16".parse().unwrap();
        let of = ["pos", "mem"].map(str::to_owned).to_vec();
        let plan = Plan {
            pretraining: of.clone(),
            joined: vec![Joined::new("both", of, settings).unwrap()],
            ..plan(&["a"], &[], "3")
        };
        let runs = plan.runs();
        assert_eq!((runs.len(), plan.count()), (5, 5));
        let last = &runs[4];
        assert_eq!(last.name, "a,both,seed=3");
        let set: Vec<String> = last.overrides().iter().map(Override::to_string).collect();
        assert_eq!(
            set,
            [
                "network.from=\"pos,seed=3 + mem,seed=3\"",
                "network.units=16"
            ]
        );
        let alone = Joined::new("one", vec!["pos".into()], "a.b = 1".parse().unwrap());
        assert!(alone.unwrap_err().to_string().contains("fewer than two"));
    }

    #[test]
    fn without_settings_a_run_is_called_after_curriculum_and_seed() {
        assert_eq!(names(&plan(&["a"], &[], "5")), ["a,seed=5"]);
    }

    #[test]
    fn keys_are_shortened_as_far_as_they_stay_apart() {
        let keys = [
            "stage.0.bits",
            "stage.1.bits",
            "network.units",
            "penalties.0",
        ];
        assert_eq!(short_key("network.units", &keys), "units");
        assert_eq!(short_key("stage.0.bits", &keys), "stage.0.bits");
        assert_eq!(short_key("penalties.0", &keys), "penalties.0");
        assert_eq!(short_key("steps", &["steps", "until.steps"]), "steps");
        assert_eq!(
            short_key("until.steps", &["steps", "until.steps"]),
            "until.steps"
        );
    }

    #[test]
    fn values_that_are_no_names_keep_apart_by_their_checksums() {
        let plan = plan(
            &["a"],
            &["x.y={ b = 1 },{ b = 2 },[1, 2],'a/b','a:b',''"],
            "0",
        );
        let names = names(&plan);
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), 6);
        assert!(names[0].starts_with("a,y=b1~"), "{names:?}");
        for name in &names {
            check_name(name).unwrap();
        }
    }

    proptest! {
        #[test]
        fn names_stay_when_the_plan_grows_and_are_those_of_folders(
            curricula in proptest::collection::btree_set("[a-z]{1,40}", 1..3),
            values in proptest::collection::btree_set("[ -~é]{0,60}", 1..4),
            more in "[a-z]{41,60}",
        ) {
            let values: Vec<Value> = values.into_iter().map(Value::String).collect();
            let axes = |values: &[Value]| -> Option<Vec<Axis>> {
                let axes = ["aa.key", "bb.key", "cc.word"].map(|key| Axis::new(key, values.to_vec()).ok());
                axes.into_iter().collect()
            };
            let (Some(all), Some(first)) = (axes(&values), axes(&values[..1])) else {
                return Ok(());
            };
            let curricula: Vec<String> = curricula.into_iter().collect();
            let large = Plan { curricula: [curricula.clone(), vec![more]].concat(), axes: all, seeds: "0..3".parse().unwrap(), ..Plan::default() };
            let small = Plan { curricula, axes: first, seeds: "1..2".parse().unwrap(), ..Plan::default() };
            let runs = large.runs();
            let all: BTreeSet<&String> = runs.iter().map(|run| &run.name).collect();
            prop_assert_eq!(all.len() as u64, large.count());
            for name in &all {
                prop_assert!(check_name(name).is_ok(), "{}", name);
            }
            for run in small.runs() {
                prop_assert!(runs.contains(&run), "{}", run.name);
            }
        }
    }
}
