#![allow(clippy::unwrap_used)]

use std::process::Command;

use super::*;
use crate::population::{Asked, Plan};

const CURRICULUM: &str = "[network]\ncell = \"vanilla\"\nunits = 4\n[[stage]]\ntask = \"flip-flop\"\nuntil = { steps = 3 }\n[checkpoints]\nevery = 1\n";

fn population(folder: &Path, name: &str) -> Population {
    let curriculum = folder.join("one.toml");
    std::fs::write(&curriculum, CURRICULUM).unwrap();
    let asked = Asked {
        curricula: vec![curriculum],
        axes: vec!["network.cell=vanilla,gru".parse().unwrap()],
        seeds: Some("0..4".parse().unwrap()),
        slurm: SlurmOptions {
            options: "--partition=short --time=2:00:00".to_owned(),
            runs_per_job: Some(4),
            requeue: Some(true),
        },
        ..Asked::default()
    };
    Population::begin_or_extend(&folder.join(name), &asked)
        .unwrap()
        .0
}

/// Runs the script with a program in place of creode that says the words that it is given.
fn said(population: &Population, script: &str, element: Option<usize>) -> Vec<String> {
    let slurm = population.dir().join(SLURM_FOLDER);
    std::fs::create_dir_all(&slurm).unwrap();
    std::fs::write(slurm.join("runs.tsv"), list_text(&population.plan.runs())).unwrap();
    let path = slurm.join("population.sbatch");
    std::fs::write(&path, script).unwrap();
    let mut command = Command::new("bash");
    command.arg(&path).env_remove("SLURM_ARRAY_TASK_ID");
    if let Some(element) = element {
        command.env("SLURM_ARRAY_TASK_ID", element.to_string());
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn an_element_of_the_array_trains_its_lines_of_the_list() {
    let folder = tempfile::tempdir().unwrap();
    let population = population(folder.path(), "it's 100 % mine");
    let script = script(
        &population,
        Path::new("/bin/echo"),
        4,
        Some("echo \"it's $CREODE_KIND\""),
    );
    assert!(script.contains("#SBATCH --partition=short --time=2:00:00\n"));
    assert!(script.contains("#SBATCH --requeue\n"));
    let of_last = said(&population, &script, Some(2));
    assert_eq!(of_last.len(), 2, "10 runs are 4, 4 and 2: {of_last:?}");
    let words = &of_last[1];
    assert!(
        words.contains("train curricula/one.toml --run one,cell=gru,seed=4 --seed 4"),
        "{words}"
    );
    assert!(
        words.contains("--set network.cell=\"gru\" --begin-or-resume"),
        "{words}"
    );
    assert!(
        words.ends_with("--on-event echo \"it's $CREODE_KIND\""),
        "{words}"
    );
    assert_eq!(said(&population, &script, Some(0)).len(), 4);
    assert_eq!(
        said(&population, &script, None).len(),
        10,
        "without Slurm all of them"
    );
}

#[test]
fn a_failure_of_one_run_is_that_of_its_element_and_the_others_are_trained() {
    let folder = tempfile::tempdir().unwrap();
    let population = population(folder.path(), "p");
    let fails = folder.path().join("fails");
    let said = folder.path().join("said");
    let text = format!("#!/bin/sh\necho x >>{}\nexit 2\n", said.display());
    std::fs::write(&fails, text).unwrap();
    let slurm = population.dir().join(SLURM_FOLDER);
    std::fs::create_dir_all(&slurm).unwrap();
    std::fs::write(
        slurm.join("runs.tsv"),
        list_text(&population.plan.runs()[..3]),
    )
    .unwrap();
    let interpreted = script(&population, Path::new("/bin/sh"), 4, None).replace(
        "\"$creode\" --traces",
        &format!("\"$creode\" {} --traces", fails.display()),
    );
    let path = slurm.join("population.sbatch");
    std::fs::write(&path, interpreted).unwrap();
    let ended = Command::new("bash")
        .arg(&path)
        .env("SLURM_CPUS_PER_TASK", "2")
        .status()
        .unwrap();
    assert_eq!(ended.code(), Some(1));
    assert_eq!(std::fs::read_to_string(said).unwrap().lines().count(), 3);
}

#[test]
fn arrays_stay_small_enough_for_a_site_that_has_changed_nothing() {
    let of = |runs, runs_per_job| {
        let options = SlurmOptions {
            runs_per_job,
            ..SlurmOptions::default()
        };
        super::runs_per_job(runs, &options)
    };
    assert_eq!((of(1, None), of(1000, None), of(1001, None)), (1, 1, 2));
    assert_eq!((of(10, Some(4)), of(9000, Some(4))), (4, 9));
}

#[test]
fn what_slurm_lists_is_told_by_element() {
    let element = |job, place| Element { job, place };
    let queue = queued("12 0 RUNNING\n12 3 PENDING\n13 N/A RUNNING\nslurm_load_jobs error\n");
    assert_eq!(
        queue.into_iter().collect::<Vec<_>>(),
        [
            (element(12, 0), "RUNNING".to_owned()),
            (element(12, 3), "PENDING".to_owned())
        ]
    );
    let ended = accounted("12_1|PREEMPTED\n12_2|CANCELLED by 1000\n12|PENDING\n14|COMPLETED\n");
    assert_eq!(ended[&element(12, 1)], "PREEMPTED");
    assert_eq!(
        (ended.len(), ended[&element(12, 2)].as_str()),
        (2, "CANCELLED")
    );
}

#[test]
fn a_submission_is_noted_with_the_runs_of_each_element() {
    let folder = tempfile::tempdir().unwrap();
    let population = population(folder.path(), "p");
    assert_eq!(submissions(&population).unwrap(), []);
    let slurm = population.dir().join(SLURM_FOLDER);
    std::fs::create_dir_all(&slurm).unwrap();
    let runs = population.plan.runs();
    std::fs::write(slurm.join("runs-1.tsv"), list_text(&runs)).unwrap();
    let submission = Submission {
        job: 12,
        list: "runs-1.tsv".to_owned(),
        runs_per_job: 4,
    };
    note_submission(&population, &submission).unwrap();
    let path = slurm.join("submitted.tsv");
    let torn = std::fs::read_to_string(&path).unwrap() + "13\truns-";
    std::fs::write(&path, torn).unwrap();
    let noted = submissions(&population).unwrap();
    assert_eq!(noted, [submission]);
    let element = Element { job: 12, place: 2 };
    let names = runs_of(&population, &noted, &BTreeSet::from([element.clone()])).unwrap();
    let expected: Vec<&String> = runs[8..].iter().map(|run| &run.name).collect();
    assert_eq!(names[&element].iter().collect::<Vec<_>>(), expected);
    assert_eq!(Plan::count(&population.plan), 10);
}
