//! The folder of a population: beginning it, extending it, reading it.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use super::PopulationError;
use super::extend::{Sources, extended_axes, extended_variants, sorted, stem};
use super::file::{Asked, JoinedFile, PopulationFile, SlurmOptions};
use super::plan::{Plan, PlannedRun};
use super::state::is_run;
use super::variant::Variant;
use crate::curriculum::{self, Curriculum};
use crate::files;
use crate::text::shown;
use crate::trace::check_name;

pub use crate::trace::names::POPULATION_FILE;

/// Folder of the copies of its curricula.
pub const CURRICULA_FOLDER: &str = "curricula";

/// Runs of one population at most.
const MOST_RUNS: u64 = 1_000_000;

const HEAD: &str = "# What this population is of, as `creode population` has written it: the same command with more seeds, values or
# curricula extends it. Paths are relative to this file.\n\n";

/// Whether there is a population in a folder.
pub fn is_population(dir: &Path) -> bool {
    dir.join(POPULATION_FILE).is_file()
}

/// A population on disk.
#[derive(Debug, Clone, PartialEq)]
pub struct Population {
    dir: PathBuf,
    /// What it is of.
    pub plan: Plan,
    /// Mean accuracy at which the last stage of a run counts as learned; none: as its curriculum says.
    pub criterion: Option<f64>,
    /// How Slurm is asked.
    pub slurm: SlurmOptions,
    /// Where its curricula were copied from, by name.
    copied_from: BTreeMap<String, PathBuf>,
}

impl Population {
    /// Reads the population in `dir`.
    pub fn open(dir: &Path) -> Result<Self, PopulationError> {
        let path = dir.join(POPULATION_FILE);
        let mut file = PopulationFile::read(&path)?;
        let copied_from = std::mem::take(&mut file.copied_from);
        let asked = file.asked(&path)?;
        let names = |paths: &[PathBuf]| paths.iter().map(|path| stem(path)).collect();
        let (pretraining, curricula): (Result<_, _>, Result<_, _>) =
            (names(&asked.pretraining), names(&asked.curricula));
        Ok(Self {
            dir: dir.to_path_buf(),
            plan: Plan {
                pretraining: pretraining?,
                joined: asked.joined,
                curricula: curricula?,
                variants: asked.variants,
                axes: asked.axes,
                seeds: asked.seeds.unwrap_or_default(),
            },
            criterion: asked.criterion,
            slurm: asked.slurm,
            copied_from,
        })
    }

    /// Begins the population in `dir`, or extends the one there by what is asked for beyond it. Curricula are checked with all
    /// settings before anything is written, then copied; `population.toml` is written last, whole or not at all. Says in words
    /// what the user should know.
    ///
    /// # Errors
    /// [`PopulationError::Contradiction`] if there is a population that is not a part of what is asked for; nothing was
    /// changed then.
    pub fn begin_or_extend(
        dir: &Path,
        asked: &Asked,
    ) -> Result<(Self, Vec<String>), PopulationError> {
        let begun = Self::try_to_begin_or_extend(dir, asked);
        if begun.is_err() {
            // Only an empty one can be removed.
            fs::remove_dir(dir).ok();
        }
        begun
    }

    fn try_to_begin_or_extend(
        dir: &Path,
        asked: &Asked,
    ) -> Result<(Self, Vec<String>), PopulationError> {
        asked.check()?;
        let name = dir.file_name().unwrap_or_default().to_string_lossy();
        check_name(&name).map_err(PopulationError::Name)?;
        require_free(dir)?;
        // 1. What there is, and what it becomes.
        let sources = Sources::of(asked)?;
        let lock = lock(dir);
        let before = is_population(dir).then(|| Self::open(dir)).transpose()?;
        let mut population = match &before {
            Some(before) => before.extended(asked, &sources)?,
            None => Self::begun(dir, asked, &sources)?,
        };
        let mut notes = population.changed_sources(&sources);
        if before.as_ref() == Some(&population) {
            return Ok((population, notes));
        }
        notes.extend(before.map(|before| population.added(&before)));
        // 2. Every curriculum with every combination of settings must be in order.
        let copies = population.copies_to_make(&sources)?;
        population.check_curricula(&copies)?;
        // 3. Copies first, then the file that names them.
        population.write(&copies)?;
        drop(lock);
        population = Self::open(dir)?;
        Ok((population, notes))
    }

    /// Its folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Its name, that of its folder.
    pub fn name(&self) -> String {
        let dir = self.dir.canonicalize().unwrap_or_else(|_| self.dir.clone());
        let name = dir.file_name().unwrap_or_default().to_string_lossy();
        name.into_owned()
    }

    /// The copy of a curriculum, by its name.
    pub fn curriculum_file(&self, name: &str) -> PathBuf {
        self.dir.join(CURRICULA_FOLDER).join(format!("{name}.toml"))
    }

    /// The folder of a run.
    pub fn run_dir(&self, run: &PlannedRun) -> PathBuf {
        self.dir.join(&run.name)
    }

    /// The curriculum of a run, with its settings and seed. Of one that starts from another run of the population it does not
    /// say yet with which weights.
    pub fn curriculum(&self, run: &PlannedRun) -> Result<Curriculum, PopulationError> {
        let path = self.curriculum_file(&run.curriculum);
        let original = self.copied_from.get(&run.curriculum).unwrap_or(&path);
        let files = (path.as_path(), original.as_path());
        let mut curriculum = match run.from {
            Some(_) => Curriculum::load_copy(files, &run.overrides(), None)?,
            None => Curriculum::load_copy(files, &run.settings, Some(&self.dir))?,
        };
        curriculum.seed = run.seed;
        Ok(curriculum)
    }

    fn begun(dir: &Path, asked: &Asked, sources: &Sources) -> Result<Self, PopulationError> {
        if sources.curricula.is_empty() {
            let reason =
                "a population needs a curriculum: `creode population CURRICULUM --seeds 0..9`";
            return Err(PopulationError::Incomplete(reason.to_owned()));
        }
        let Some(seeds) = asked.seeds.clone() else {
            let reason = "a new population needs its seeds, as in `--seeds 0..9`";
            return Err(PopulationError::Incomplete(reason.to_owned()));
        };
        let population = Self {
            dir: dir.to_path_buf(),
            plan: Plan {
                pretraining: sources.pretraining.keys().cloned().collect(),
                joined: asked.joined.clone(),
                curricula: sources.curricula.keys().cloned().collect(),
                variants: asked.variants.clone(),
                axes: sorted(&asked.axes),
                seeds,
            },
            criterion: asked.criterion,
            slurm: asked.slurm.clone(),
            copied_from: sources.all(),
        };
        population.check_joined()?.check_size()
    }

    /// Every network that is joined with others must be one of pretraining.
    fn check_joined(self) -> Result<Self, PopulationError> {
        for joined in &self.plan.joined {
            let is_known = |name: &&String| self.plan.pretraining.contains(name);
            if let Some(name) = joined.of.iter().find(|name| !is_known(name)) {
                return Err(PopulationError::Setting {
                    key: format!("joined.{}", joined.variant.name),
                    reason: format!(
                        "it joins `{name}`, which is no curriculum of `pretraining`; there are {}",
                        self.plan.pretraining.join(", ")
                    ),
                });
            }
        }
        Ok(self)
    }

    /// This population with what is asked for beyond it.
    fn extended(&self, asked: &Asked, sources: &Sources) -> Result<Self, PopulationError> {
        let mut differences = Vec::new();
        let [mut pretraining, mut curricula] =
            [&self.plan.pretraining, &self.plan.curricula].map(Vec::clone);
        if !sources.curricula.is_empty() {
            for (what, names, asked) in [
                ("pretraining", &mut pretraining, &sources.pretraining),
                ("curriculum", &mut curricula, &sources.curricula),
            ] {
                let lacks = names.iter().filter(|name| !asked.contains_key(*name));
                differences.extend(lacks.map(|name| format!("it has the {what} `{name}`")));
                let new = asked.keys().filter(|name| !names.contains(name));
                let new: Vec<String> = new.cloned().collect();
                names.extend(new);
            }
            if self.plan.joined != asked.joined {
                differences.push("it joins other networks".to_owned());
            }
            if self.plan.pretraining.is_empty() != pretraining.is_empty() {
                differences.push("its runs start from no other runs".to_owned());
            }
        }
        let says_settings =
            !(asked.axes.is_empty() && asked.variants.is_empty() && sources.curricula.is_empty());
        let (mut variants, mut axes) = (self.plan.variants.clone(), self.plan.axes.clone());
        if says_settings {
            let (of_variants, of_axes);
            (variants, of_variants) = extended_variants(&variants, &asked.variants);
            (axes, of_axes) = extended_axes(&axes, &sorted(&asked.axes));
            differences.extend(of_variants.into_iter().chain(of_axes));
        }
        if !differences.is_empty() {
            return Err(PopulationError::Contradiction {
                path: self.dir.clone(),
                differences,
            });
        }
        let seeds = asked.seeds.as_ref();
        let seeds = seeds.map_or(self.plan.seeds.clone(), |of| self.plan.seeds.union(of));
        let mut copied_from = sources.all();
        copied_from.extend(self.copied_from.clone());
        let population = Self {
            dir: self.dir.clone(),
            plan: Plan {
                pretraining,
                joined: self.plan.joined.clone(),
                curricula,
                variants,
                axes,
                seeds,
            },
            criterion: asked.criterion.or(self.criterion),
            slurm: self.slurm.clone().with(asked.slurm.clone()),
            copied_from,
        };
        population.check_size()
    }

    fn check_size(self) -> Result<Self, PopulationError> {
        let count = self.plan.count();
        if count > MOST_RUNS {
            let reason =
                format!("{count} runs are too many: {MOST_RUNS} are the most of one population");
            return Err(PopulationError::Incomplete(reason));
        }
        Ok(self)
    }

    /// Sentences on the curricula whose source is no longer what the population has; `sources` are those of this call.
    fn changed_sources(&self, sources: &Sources) -> Vec<String> {
        let changed = self.plan.all_curricula().filter_map(|name| {
            let source = sources.get(name).or_else(|| self.copied_from.get(name))?;
            let copy = self.curriculum_file(name);
            let (copied, now) = (curriculum::read(&copy).ok()?, curriculum::read(source).ok()?);
            (copied != now).then(|| {
                format!(
                    "{} has changed since it was copied to {}: the population goes on with the copy; another population, with \
                     another `--name`, takes the new one",
                    shown(source),
                    shown(&copy)
                )
            })
        });
        changed.collect()
    }

    fn added(&self, before: &Self) -> String {
        let (now, then) = (self.plan.count(), before.plan.count());
        if now == then {
            return "what the population says beside its runs has changed".to_owned();
        }
        format!(
            "the population had {then} runs, with the seeds {}; it has {now} now, with the seeds {}",
            before.plan.seeds, self.plan.seeds
        )
    }

    /// Texts of the curricula that the folder does not have yet, by name.
    fn copies_to_make(
        &self,
        sources: &Sources,
    ) -> Result<BTreeMap<String, String>, PopulationError> {
        let missing = self.plan.all_curricula();
        let missing = missing.filter(|name| !self.curriculum_file(name).exists());
        let copies = missing.filter_map(|name| sources.get(name).map(|source| (name, source)));
        copies
            .map(|(name, source)| Ok((name.clone(), curriculum::read(source)?)))
            .collect()
    }

    /// Whether each curriculum can be read with each combination of settings; one of the seeds speaks for all.
    fn check_curricula(&self, copies: &BTreeMap<String, String>) -> Result<(), PopulationError> {
        let one_seed = self.plan.seeds.iter().next().map(|seed| seed.to_string());
        let plan = Plan {
            seeds: one_seed.unwrap_or_default().parse()?,
            ..self.plan.clone()
        };
        for run in plan.runs() {
            match copies.get(&run.curriculum) {
                Some(text) => {
                    let source = self.copied_from.get(&run.curriculum);
                    let file = source.map_or(run.curriculum.clone(), |of| of.display().to_string());
                    Curriculum::parse(text, &file, &run.overrides())?;
                }
                None => {
                    self.curriculum(&run)?;
                }
            }
        }
        Ok(())
    }

    fn write(&self, copies: &BTreeMap<String, String>) -> Result<(), PopulationError> {
        let folder = self.dir.join(CURRICULA_FOLDER);
        fs::create_dir_all(&folder).map_err(|error| PopulationError::write(&folder, error))?;
        for (name, text) in copies {
            let path = self.curriculum_file(name);
            files::write(&path, text.as_bytes())
                .map_err(|error| PopulationError::write(&path, error))?;
        }
        let path = self.dir.join(POPULATION_FILE);
        let text = format!("{HEAD}{}\n", self.to_toml(&path)?.trim_end());
        files::write(&path, text.as_bytes()).map_err(|error| PopulationError::write(&path, error))
    }

    fn to_toml(&self, path: &Path) -> Result<String, PopulationError> {
        let relative = |name: &String| format!("{CURRICULA_FOLDER}/{name}.toml");
        let set = self.plan.axes.iter();
        let set = set.map(|axis| {
            let only = axis.values.first().filter(|_| axis.is_constant);
            let values = || toml::Value::Array(axis.values.clone());
            (axis.key.clone(), only.cloned().unwrap_or_else(values))
        });
        let variants = self.plan.variants.iter();
        let variants = variants.map(|of| (of.name.clone(), of.settings.clone()));
        let joined = self.plan.joined.iter().map(|joined| {
            let Variant { name, settings } = joined.variant.clone();
            let of = joined.of.clone();
            (name, JoinedFile { of, set: settings })
        });
        let file = PopulationFile {
            pretraining: self.plan.pretraining.iter().map(relative).collect(),
            joined: joined.collect(),
            curricula: self.plan.curricula.iter().map(relative).collect(),
            seeds: self.plan.seeds.to_string(),
            criterion: self.criterion,
            set: set.collect(),
            variant: variants.collect(),
            slurm: self.slurm.clone(),
            copied_from: self.copied_from.clone(),
        };
        toml::to_string(&file).map_err(|error| PopulationError::file(path, error.to_string()))
    }
}

/// Refuses a folder that holds something else.
fn require_free(dir: &Path) -> Result<(), PopulationError> {
    let taken = |is| PopulationError::Taken {
        path: dir.to_path_buf(),
        is,
    };
    if is_run(dir) {
        return Err(taken("is a run"));
    }
    let is_begun = is_population(dir) || dir.join(CURRICULA_FOLDER).is_dir();
    let is_empty = fs::read_dir(dir).map_or(!dir.exists(), |mut entries| entries.next().is_none());
    if is_begun || is_empty {
        Ok(())
    } else {
        Err(taken("holds something else than a population"))
    }
}

/// Keeps another process from extending the population at the same time, where folders can be locked; elsewhere the last to
/// write it says what it is of. Runs have locks of their own.
fn lock(dir: &Path) -> Option<File> {
    fs::create_dir_all(dir).ok()?;
    let folder = File::open(dir).ok()?;
    folder.lock().ok()?;
    Some(folder)
}

#[cfg(test)]
#[path = "folder_tests.rs"]
mod tests;
