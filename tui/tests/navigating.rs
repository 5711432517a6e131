//! Networks in grid rooms as a shell sees them: a population that goes on from pretrained networks, its scores, bad input.
#![allow(clippy::unwrap_used)]

use std::fs;

use creode::trace::read_runs;

use crate::shell::Folder;

const NETWORK: &str =
    "[network]\ncell = \"leaky-rates\"\nalpha = 0.5\nunits = 12\ninitial_state = \"normal\"\n";
const REST: &str =
    "[checkpoints]\nevery = 2\n[analysis]\nstarts = 4\nprobe_trials = 2\nbasin_starts = 2\n";
const WALKS: &str = "[[stage]]\ntask = \"walks\"\nmost_steps = 12\nuntil = { steps = 2 }\n";
const ROOM: &str = "new_readout = true\n[training]\nrule = \"q-lambda\"\ntrials_per_step = 3\n[[stage]]\ntask = \"navigation\"\n\
                    least_ticks = 0\nticks_per_cell = 2\nuntil = { steps = 2 }\n";

fn write(folder: &Folder, name: &str, text: &str) {
    fs::write(folder.0.path().join(name), text).unwrap();
}

fn experiment(folder: &Folder) {
    write(folder, "pos.toml", &format!("{NETWORK}{WALKS}{REST}"));
    let wall = WALKS.replace("most_steps", "learns = \"last-wall\"\nmost_steps");
    write(folder, "mem.toml", &format!("{NETWORK}{wall}{REST}"));
    write(folder, "basic.toml", &format!("{NETWORK}{ROOM}{REST}"));
    write(
        folder,
        "lab.toml",
        "pretraining = [\"pos.toml\", \"mem.toml\"]\ncurricula = [\"basic.toml\"]\nseeds = \"0..1\"\n\
         [joined.modular]\nof = [\"pos\", \"mem\"]\nset = { \"network.units\" = 24 }\n",
    );
}

#[test]
fn a_population_goes_on_from_pretrained_networks_and_ends_with_their_scores() {
    let folder = Folder::new();
    experiment(&folder);
    let trained = folder.creode(&["population", "lab.toml"]);
    trained.expect(0, &["10 runs", "10 of 10 runs are finished"]);
    for part in ["pos", "mem", "modular", "basic", "floor"] {
        assert!(trained.stdout.contains(part), "{}", trained.stdout);
    }
    let lab = folder.0.path().join("traces/lab");
    assert!(lab.join("network_scores.parquet").is_file());
    let rows = read_runs(&lab).unwrap();
    let from: Vec<&str> = rows
        .iter()
        .map(|row| row.pretraining.as_deref().unwrap_or("none"))
        .collect();
    assert_eq!(
        from,
        [
            "none", "none", "none", "none", "mem", "mem", "pos", "pos", "modular", "modular"
        ]
    );
    let again = folder.creode(&["scores", "lab"]);
    again.expect(0, &[]);
    assert_eq!(again.stdout, trained.stdout);
    folder
        .creode(&["figure", "lab", "navigation", "-o", "scores.svg"])
        .expect(0, &[]);
    folder
        .creode(&[
            "compare",
            "lab/basic,pos,seed=0",
            "lab/basic,mem,seed=0",
            "--by",
            "pretraining",
        ])
        .expect(0, &[]);
    folder
        .creode(&["verify", "lab/basic,modular,seed=1"])
        .expect(0, &["all in order"]);
    // Nothing is left to do, and more seeds are more of the same.
    folder
        .creode(&["population", "lab.toml", "--seeds", "0..2"])
        .expect(0, &["had 10 runs", "5 of them to be trained"]);
}

#[test]
fn bad_input_is_answered_with_place_and_way_out() {
    let folder = Folder::new();
    experiment(&folder);
    let maze = |drawing: &str| {
        let room = ROOM.replace(
            "least_ticks = 0\nticks_per_cell = 2\n",
            &format!("maze = \"\"\"\n{drawing}\"\"\"\n"),
        );
        write(&folder, "maze.toml", &format!("{NETWORK}{room}{REST}"));
        folder.creode(&["train", "maze.toml"])
    };
    maze("S..\n.#.\n").expect(2, &["maze.toml:12", "stage.0.maze", "no goal"]);
    maze("S#G\n").expect(
        2,
        &["maze.toml:12", "cannot be reached", "line 1, column 3"],
    );
    maze("S.G\n.x.\n").expect(2, &["`x` means nothing", "line 2, column 2"]);
    maze("S.G\n...\n").expect(0, &[]);

    folder.creode(&["train", "pos.toml"]).expect(0, &[]);
    let from = |text: &str| {
        write(&folder, "from.toml", text);
        folder.creode(&["train", "from.toml"])
    };
    let basic = format!("{NETWORK}from = \"pos\"\n{ROOM}{REST}");
    from(&basic.replace("units = 12", "units = 13"))
        .expect(2, &["from.toml:6", "`units = 12` (here 13)"]);
    // Trained on another number of senses.
    write(
        &folder,
        "flip.toml",
        &format!(
            "name = \"flip\"\n{NETWORK}[[stage]]\ntask = \"flip-flop\"\nuntil = {{ steps = 2 }}\n{REST}"
        ),
    );
    folder.creode(&["train", "flip.toml"]).expect(0, &[]);
    from(&basic.replace("\"pos\"", "\"flip\""))
        .expect(2, &["from.toml:6", "`inputs = 3` (here 51)"]);
    from(&basic.replace("new_readout = true\n", "")).expect(2, &["`outputs = 144` (here 4)"]);
    from(&basic.replace(
        "task = \"navigation\"\nleast_ticks = 0\nticks_per_cell = 2",
        "task = \"flip-flop\"",
    ))
    .expect(2, &["`q-lambda` learns from rewards"]);
    let low_rank = |text: &str| text.replace("leaky-rates", "low-rank");
    write(
        &folder,
        "thin.toml",
        &low_rank(&format!("{NETWORK}{WALKS}{REST}")),
    );
    folder.creode(&["train", "thin.toml"]).expect(0, &[]);
    from(&low_rank(&basic.replace("\"pos\"", "\"thin\"")))
        .expect(2, &["from.toml:6", "cell of low rank"]);
    // Who says the digest is not looked up, and is told when training begins.
    let sha = "from_sha256 = \"00\"\nfrom_checkpoint = 0\n";
    let claimed = basic.replace("from = \"pos\"\n", &format!("from = \"pos\"\n{sha}"));
    from(&claimed).expect(2, &["its SHA-256 is"]);
    write(
        &folder,
        "lab.toml",
        "pretraining = [\"pos.toml\"]\ncurricula = [\"basic.toml\"]\nseeds = \"0\"\n[joined.m]\nof = [\"pos\", \"men\"]\n\
         set = { \"network.units\" = 24 }\n",
    );
    folder
        .creode(&["population", "lab.toml"])
        .expect(2, &["joined.m", "`men`", "there are pos"]);
    folder
        .creode(&["scores", "lab"])
        .expect(2, &["no population"]);
}
