#![allow(clippy::unwrap_used)]

use super::*;
use crate::population::RunState;
use crate::trace::{CheckpointTables, RunWriter, read_runs};

const CURRICULUM: &str = "[network]\ncell = \"vanilla\"\nunits = 4\n[[stage]]\ntask = \"flip-flop\"\nuntil = { steps = 3 }\n[checkpoints]\nevery = 1\n";

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["one.toml", "other.toml"] {
            fs::write(folder.path().join(name), CURRICULUM).unwrap();
        }
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn asked(&self, curricula: &[&str], axes: &[&str], seeds: &str) -> Asked {
        Asked {
            curricula: curricula.iter().map(|name| self.path(name)).collect(),
            axes: axes.iter().map(|axis| axis.parse().unwrap()).collect(),
            seeds: (!seeds.is_empty()).then(|| seeds.parse().unwrap()),
            ..Asked::default()
        }
    }

    fn begin(&self, asked: &Asked) -> Result<(Population, Vec<String>), PopulationError> {
        Population::begin_or_extend(&self.path("p"), asked)
    }
}

fn names(population: &Population) -> Vec<String> {
    population
        .plan
        .runs()
        .into_iter()
        .map(|run| run.name)
        .collect()
}

#[test]
fn a_population_is_read_back_as_it_was_begun() {
    let place = Place::new();
    let mut asked = place.asked(
        &["other.toml", "one.toml"],
        &["stage.0.until={ steps = 2 },{ steps = 3 }"],
        "0..1,7",
    );
    asked.criterion = Some(0.9);
    asked.slurm.options = "--partition=short".to_owned();
    let (begun, notes) = place.begin(&asked).unwrap();
    assert_eq!(notes, Vec::<String>::new());
    assert_eq!(begun, Population::open(&place.path("p")).unwrap());
    assert_eq!(begun.plan.count(), 12);
    assert_eq!(
        (begun.criterion, begun.slurm.options.as_str()),
        (Some(0.9), "--partition=short")
    );
    let copy = fs::read_to_string(begun.curriculum_file("one")).unwrap();
    assert_eq!(copy, CURRICULUM);
    assert!(is_population(&place.path("p")));
}

#[test]
fn more_seeds_values_and_curricula_extend_it_and_runs_keep_their_names() {
    let place = Place::new();
    let asked = place.asked(&["one.toml"], &["network.units=4"], "0..9");
    let (small, _) = place.begin(&asked).unwrap();
    let (more, notes) = place.begin(&place.asked(&[], &[], "5..14")).unwrap();
    assert!(
        notes[0].contains("10 runs, with the seeds 0..9") && notes[0].contains("0..14"),
        "{notes:?}"
    );
    let wide = place.asked(&["one.toml", "other.toml"], &["network.units=8,4"], "");
    let (large, _) = place.begin(&wide).unwrap();
    assert_eq!((more.plan.count(), large.plan.count()), (15, 60));
    let all = names(&large);
    assert!(
        names(&small)
            .iter()
            .chain(&names(&more))
            .all(|name| all.contains(name))
    );
    let (again, notes) = place.begin(&place.asked(&[], &[], "3")).unwrap();
    assert_eq!(
        (again, notes),
        (large, Vec::new()),
        "nothing new, nothing changed"
    );
}

#[test]
fn another_population_of_that_name_is_refused_and_nothing_is_changed() {
    let place = Place::new();
    let first = place.asked(&["one.toml"], &["network.units=4,8"], "0..2");
    place.begin(&first).unwrap();
    let text = || fs::read_to_string(place.path("p").join(POPULATION_FILE)).unwrap();
    let before = text();
    for (asked, part) in [
        (
            place.asked(&["other.toml"], &["network.units=4,8"], "0..2"),
            "it has the curriculum `one`",
        ),
        (
            place.asked(&["one.toml"], &["network.units=8,16"], "0..2"),
            "it has runs with `network.units = 4`",
        ),
        (
            place.asked(&["one.toml"], &[], "0..2"),
            "its runs set `network.units`",
        ),
        (
            place.asked(&[], &["network.cell=gru"], ""),
            "its runs do not set `network.cell`",
        ),
    ] {
        let message = place.begin(&asked).unwrap_err().to_string();
        assert!(
            message.contains(part) && message.contains("--name"),
            "{message}"
        );
        assert_eq!(text(), before);
    }
}

#[test]
fn what_cannot_be_a_population_is_refused_before_anything_is_written() {
    let place = Place::new();
    let refused = |asked: &Asked, part: &str| {
        let message = place.begin(asked).unwrap_err().to_string();
        assert!(message.contains(part), "{message}");
        assert!(!is_population(&place.path("p")));
    };
    refused(&place.asked(&[], &[], "0"), "needs a curriculum");
    refused(&place.asked(&["one.toml"], &[], ""), "needs its seeds");
    refused(&place.asked(&["absent.toml"], &[], "0"), "absent.toml");
    refused(
        &place.asked(&["one.toml"], &["network.unitz=3"], "0"),
        "did you mean `units`?",
    );
    refused(
        &place.asked(&["one.toml", "one.toml"], &[], "0"),
        "two curricula are called `one`",
    );
    refused(
        &place.asked(&["one.toml"], &["network.units=1,2,3"], "0..999998"),
        "too many",
    );
    fs::create_dir_all(place.path("p")).unwrap();
    fs::write(place.path("p/thesis.txt"), "").unwrap();
    refused(&place.asked(&["one.toml"], &[], "0"), "something else");
    fs::remove_dir_all(place.path("p")).unwrap();
    drop(RunWriter::create(place.path("p"), "").unwrap());
    refused(&place.asked(&["one.toml"], &[], "0"), "is a run");
}

#[test]
fn a_curriculum_that_changes_later_does_not_change_the_population() {
    let place = Place::new();
    place.begin(&place.asked(&["one.toml"], &[], "0")).unwrap();
    fs::write(
        place.path("one.toml"),
        CURRICULUM.replace("units = 4", "units = 8"),
    )
    .unwrap();
    let (population, notes) = place.begin(&place.asked(&[], &[], "1")).unwrap();
    assert!(
        notes[0].contains("has changed since it was copied"),
        "{notes:?}"
    );
    let run = &population.plan.runs()[1];
    let curriculum = population.curriculum(run).unwrap();
    assert_eq!((curriculum.network.units, curriculum.seed), (4, 1));
    fs::remove_file(place.path("one.toml")).unwrap();
    let (_, notes) = place.begin(&place.asked(&[], &[], "2")).unwrap();
    assert_eq!(notes.len(), 1, "it stands alone: {notes:?}");
}

#[test]
fn a_file_of_a_person_says_the_same_as_words() {
    let place = Place::new();
    let path = place.path("plan.toml");
    let text = "curricula = [\"one.toml\", \"other.toml\"]\nseeds = \"0..4\"\ncriterion = 0.95\n[set]\n\"network.units\" = [4, 8]\n\
                \"network.cell\" = \"gru\"\n[slurm]\noptions = \"--time=10\"\nruns_per_job = 2\n";
    fs::write(&path, text).unwrap();
    assert!(
        Asked::is_population_file(&path) && !Asked::is_population_file(&place.path("one.toml"))
    );
    let words = place.asked(&[], &["network.units=4"], "0..1");
    let asked = Asked::read(&path).unwrap().with(words);
    let (population, _) = place.begin(&asked).unwrap();
    assert_eq!(names(&population)[0], "one,units=4,seed=0");
    assert_eq!(
        (population.plan.count(), population.slurm.runs_per_job),
        (4, Some(2))
    );
    for (wrong, part) in [
        ("seeds = \"0\"", "missing field `curricula`"),
        ("curricula = []\nseeds = \"5..1\"", "ends before it begins"),
        (
            "curricula = []\nseeds = \"1\"\nsetting = 3",
            "unknown field `setting`",
        ),
        (
            "curricula = []\nseeds = \"1\"\ncriterion = 2.0",
            "criterion",
        ),
        (
            "curricula = []\nseeds = \"1\"\n[set]\nseed = [1]",
            "--seeds",
        ),
        (
            "curricula = []\nseeds = \"1\"\n[slurm]\nruns_per_job = 0",
            "runs_per_job",
        ),
    ] {
        fs::write(&path, wrong).unwrap();
        let message = Asked::read(&path).unwrap_err().to_string();
        assert!(
            message.contains(part) && message.contains("plan.toml"),
            "{message}"
        );
    }
}

#[test]
fn the_table_has_a_row_for_every_run_whatever_its_state() {
    let place = Place::new();
    let (population, _) = place
        .begin(&place.asked(&["one.toml"], &[], "0..2"))
        .unwrap();
    let runs = population.plan.runs();
    let config = population.curriculum(&runs[1]).unwrap().to_toml();
    let writer = RunWriter::create(population.run_dir(&runs[1]), &config).unwrap();
    writer
        .write_checkpoint(0, 0, b"w", &CheckpointTables::default())
        .unwrap();
    drop(writer);
    drop(RunWriter::create(population.run_dir(&runs[2]), &config).unwrap());
    fs::write(
        population.run_dir(&runs[2]).join("manifest.jsonl"),
        "{}\n{}\n",
    )
    .unwrap();
    let survey = population.survey();
    population.write_table(&survey).unwrap();
    let rows = survey.rows;
    let states: Vec<&str> = rows.iter().map(|row| row.state.as_str()).collect();
    assert_eq!(states, ["missing", "resumable", "damaged"]);
    assert_eq!(
        (rows[1].n_checkpoints, rows[1].end_loss, rows[1].seed),
        (1, None, 1)
    );
    assert_eq!(read_runs(population.dir()).unwrap(), rows);
    let status = population.status();
    assert_eq!(status[1].state, RunState::Resumable { step: 0 });
}

#[test]
fn the_populations_that_come_with_the_repository_can_be_begun() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("curricula/populations");
    let files = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let files: Vec<PathBuf> = files.collect();
    assert!(!files.is_empty());
    let place = Place::new();
    for file in files {
        assert!(Asked::is_population_file(&file), "{}", file.display());
        let asked = Asked::read(&file).unwrap();
        let dir = place.path(&file.file_stem().unwrap().to_string_lossy());
        let (population, notes) = Population::begin_or_extend(&dir, &asked).unwrap();
        assert!(notes.is_empty() && population.plan.count() > 1);
    }
}

fn written(place: &Place, text: &str) -> Asked {
    let path = place.path("asked.toml");
    fs::write(&path, text).unwrap();
    Asked::read(&path).unwrap()
}

const VARIANTS: &str = "curricula = ['one.toml']\nseeds = '0..1'\nset.network.units = [4, 8]\n[variant.gru]\nnetwork.cell = 'gru'\n\
    [variant.relu]\n'network.activation' = 'relu'\n'stage.0.until' = { steps = 2 }\n";

#[test]
fn variants_set_their_keys_together_and_are_read_back() {
    let place = Place::new();
    let (population, _) = place.begin(&written(&place, VARIANTS)).unwrap();
    assert_eq!(population, Population::open(&place.path("p")).unwrap());
    let runs = population.plan.runs();
    assert_eq!(runs.len(), 8);
    assert_eq!(runs[0].name, "one,gru,units=4,seed=0");
    assert_eq!(
        runs[7].settings_text(),
        "network.activation=\"relu\" stage.0.until={ steps = 2 } network.units=8"
    );
    // The settings reach the curriculum of the run, and those of a variant leave the other alone.
    let steps = |run: &PlannedRun| population.curriculum(run).unwrap().total_steps();
    assert_eq!((steps(&runs[0]), steps(&runs[7])), (3, 2));
}

#[test]
fn variants_join_a_population_and_never_change() {
    let place = Place::new();
    place.begin(&written(&place, VARIANTS)).unwrap();
    let more = format!("{VARIANTS}[variant.lstm]\nnetwork.cell = 'lstm'\n");
    let (population, _) = place.begin(&written(&place, &more)).unwrap();
    assert_eq!(population.plan.count(), 12);
    for (text, part) in [
        (VARIANTS.to_owned(), "it has the variant `lstm`"),
        (
            more.replace("'gru'", "'ugrnn'"),
            "its variant `gru` sets something else",
        ),
        (
            "curricula = ['one.toml']\nseeds = '0'\nset.network.units = [4, 8]\n".to_owned(),
            "its runs are of variants",
        ),
    ] {
        let error = place
            .begin(&written(&place, &text))
            .unwrap_err()
            .to_string();
        assert!(error.contains(part), "{error}");
    }
    let constant = written(
        &place,
        "curricula = ['one.toml']\nseeds = '0'\nset.network.units = 4\n",
    );
    let begun = Population::begin_or_extend(&place.path("constant"), &constant)
        .unwrap()
        .0;
    assert_eq!(names(&begun), ["one,seed=0"]);
    let wider = place.asked(&["one.toml"], &["network.units=4,8"], "0");
    let error = Population::begin_or_extend(&place.path("constant"), &wider).unwrap_err();
    assert!(
        error.to_string().contains("which their names do not tell"),
        "{error}"
    );
    let (seeds, _) = place.begin(&place.asked(&[], &[], "2")).unwrap();
    assert_eq!(seeds.plan.count(), 18);
}
