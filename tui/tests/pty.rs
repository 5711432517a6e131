//! The dashboard in a real terminal.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

mod session;
mod several;

use crate::support;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use session::{PATIENCE, Session};

/// A curriculum that is done in a moment.
const TINY: &str = r#"
name = "tiny"
seed = 0

[network]
cell = "vanilla"
activation = "tanh"
units = 4

[optimiser]
rule = "adam"
learning_rate = 0.01

[[stage]]
name = "one bit"
task = "flip-flop"
bits = 1
trial_steps = 20
until = { steps = 40 }

[checkpoints]
every = 20

[analysis]
starts = 16
"#;

#[test]
fn replay_starts_scrubs_and_gives_the_terminal_back() {
    let folder = tempfile::tempdir().unwrap();
    support::write_run(&folder.path().join("traces/grown"));
    let mut session = Session::start(&["replay", "grown"], folder.path(), &[]);
    session.expect("checkpoint 1 of 3");
    session.expect("1 fixed point:");
    assert!(session.screen.lock().unwrap().screen().alternate_screen());
    session.press("\u{1b}[C");
    session.expect("checkpoint 2 of 3");
    session.expect("3 fixed points:");
    session.press("q");
    assert!(session.child.wait().unwrap().success());
    session.expect_restored();
}

#[test]
fn a_path_is_played_beside_the_playhead() {
    let folder = tempfile::tempdir().unwrap();
    support::write_arena_run(&folder.path().join("traces/grown"));
    let mut session = Session::start(&["replay", "grown"], folder.path(), &[]);
    session.expect("checkpoint 1 of 3");
    session.press("6");
    session.expect("basic · goal 1 of 2");
    session.press("\u{1b}[F");
    session.expect("checkpoint 3 of 3");
    session.press("b");
    session.expect("· t 0 of");
    session.press("p");
    session.expect("· t 2 of");
    session.expect("checkpoint 3 of 3");
    session.press("q");
    assert!(session.child.wait().unwrap().success());
    session.expect_restored();
}

#[test]
fn every_key_can_be_pressed_on_every_screen() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("traces/grown");
    support::write_run(&dir);
    support::derive(&dir);
    let mut session = Session::start(&["replay", "grown"], folder.path(), &[]);
    session.expect("1 fixed point:");
    let table = creode_tui::dashboard::keys_as_markdown();
    let codes = table.lines().filter(|line| line.starts_with("| `"));
    let keys: Vec<&str> = codes
        .flat_map(|line| line.split('|').nth(1).unwrap().split_whitespace())
        .map(|code| code.trim_matches('`'))
        .filter(|key| !["q", "Ctrl-C", "Shift"].contains(key))
        .collect();
    assert!(keys.len() > 50, "{keys:?}");
    for screen in ["1", "2", "3", "4", "6"] {
        session.press(screen);
        for key in &keys {
            session.press(bytes_of(key));
            // Whatever opened is closed, a question answered with no.
            session.press("\u{1b}");
            std::thread::sleep(Duration::from_millis(15));
        }
    }
    // Where two of them had come as one key, something may still be open.
    for _ in 0..4 {
        session.press("\u{1b}");
        std::thread::sleep(Duration::from_millis(100));
    }
    session.press("3");
    session.expect("state space");
    session.press("q");
    assert!(session.child.wait().unwrap().success());
    session.expect_restored();
}

/// What a terminal sends for a key.
fn bytes_of(label: &str) -> &str {
    match label {
        "Space" => " ",
        "←" => "\u{1b}[D",
        "→" => "\u{1b}[C",
        "↑" => "\u{1b}[A",
        "↓" => "\u{1b}[B",
        "Home" => "\u{1b}[H",
        "End" => "\u{1b}[F",
        "Enter" => "\r",
        "Esc" => "\u{1b}",
        "Tab" => "\t",
        "F1" => "\u{1b}OP",
        other => other,
    }
}

#[test]
fn a_storm_of_sizes_is_weathered() {
    let folder = tempfile::tempdir().unwrap();
    support::write_run(&folder.path().join("traces/grown"));
    let mut session = Session::start(&["replay", "grown"], folder.path(), &[]);
    session.expect("1 fixed point:");
    for round in 0..60_u16 {
        session.resize(1 + round * 37 % 200, 1 + round * 11 % 60);
        std::thread::sleep(Duration::from_millis(5));
    }
    session.resize(50, 10);
    session.expect("creode needs 60");
    session.resize(100, 30);
    session.expect("1 fixed point:");
    session.press("q");
    assert!(session.child.wait().unwrap().success());
    session.expect_restored();
}

#[test]
fn no_color_and_ascii_are_obeyed() {
    let folder = tempfile::tempdir().unwrap();
    support::write_run(&folder.path().join("traces/grown"));
    for (variables, color, is_ascii) in [
        (&[][..], Some("38;5;"), false),
        (&[("COLORTERM", "truecolor")][..], Some("38;2;"), false),
        (&[("NO_COLOR", "1")][..], None, false),
        (&[("CREODE_ASCII", "1")][..], Some("38;5;"), true),
    ] {
        let mut session = Session::start(&["replay", "grown"], folder.path(), variables);
        session.expect("1 fixed point:");
        session.press("q");
        session.child.wait().unwrap();
        session.expect_restored();
        let written = String::from_utf8_lossy(&session.bytes.lock().unwrap()).into_owned();
        for of in ["38;5;", "38;2;"] {
            assert_eq!(written.contains(of), color == Some(of), "{variables:?}");
        }
        assert_eq!(written.is_ascii(), is_ascii, "{variables:?}");
    }
}

#[test]
fn a_viewer_that_is_there_first_follows_the_trainer_and_ends_on_a_signal() {
    let folder = tempfile::tempdir().unwrap();
    let mut session = Session::start(&["watch", "grown"], folder.path(), &[]);
    session.expect("waiting for a run in");
    let writer = support::create(&folder.path().join("traces/grown"));
    session.expect("waiting for the first checkpoint");
    for checkpoint in 0..3 {
        support::write_checkpoint(&writer, checkpoint);
        session.expect(&format!("checkpoint {0} of {0}", checkpoint + 1));
    }
    // The signal of a lost terminal.
    session.child.clone_killer().kill().unwrap();
    session.child.wait().unwrap();
    session.expect_restored();
}

#[test]
fn a_panic_gives_the_terminal_back_before_its_message() {
    let folder = tempfile::tempdir().unwrap();
    let this_test = std::env::current_exe().unwrap();
    let arguments = ["--exact", "pty::panicking_child", "--nocapture"];
    let variables = [("CREODE_TEST_PANICS", "1")];
    let mut session = Session::start_program(this_test, &arguments, folder.path(), &variables);
    assert!(!session.child.wait().unwrap().success());
    session.expect_restored();
    session.expect_written("test result: FAILED");
    let written = String::from_utf8_lossy(&session.bytes.lock().unwrap()).into_owned();
    let returns: Vec<usize> = written
        .match_indices("\u{1b}[?1049l")
        .map(|(at, _)| at)
        .collect();
    let message = written.find("something went wrong in a picture");
    // A second return would put the cursor back on top of the message.
    assert_eq!(returns.len(), 1, "{written}");
    assert!(message > Some(returns[0]), "{written}");
}

/// Does nothing by itself: the program that the test above starts.
#[test]
fn panicking_child() {
    if std::env::var_os("CREODE_TEST_PANICS").is_none() {
        return;
    }
    let mut screen = creode_tui::dashboard::TerminalScreen::open().unwrap();
    screen
        .draw(|_| panic!("something went wrong in a picture"))
        .unwrap();
}

#[test]
fn a_table_that_claims_more_rows_than_there_are_is_told_and_the_terminal_given_back() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("traces/grown");
    support::write_run(&dir);
    support::derive(&dir);
    let table = dir.join("events.parquet");
    let mut bytes = fs::read(&table).unwrap();
    // Somewhere in the footer, where the numbers of rows are.
    let end = bytes.len();
    bytes[end - 400..end - 300].fill(0xff);
    fs::write(&table, bytes).unwrap();
    let mut session = Session::start(&["replay", "grown"], folder.path(), &[]);
    session.expect("checkpoint 1 of 3");
    session.expect("unreadable");
    session.press("q");
    assert_eq!(session.child.wait().unwrap().exit_code(), 2);
    session.expect_restored();
    session.expect_written("events.parquet is damaged");
}

#[test]
fn pasted_text_is_no_keys() {
    let folder = tempfile::tempdir().unwrap();
    support::write_run(&folder.path().join("traces/grown"));
    let mut session = Session::start(&["replay", "grown"], folder.path(), &[]);
    session.expect("checkpoint 1 of 3");
    session.expect_written("\u{1b}[?2004h");
    session.press("\u{1b}[200~Gq:quit\r\u{1b}[201~");
    session.expect("pasted text is no keys");
    session.expect("checkpoint 1 of 3");
    session.press("q");
    assert_eq!(session.child.wait().unwrap().exit_code(), 0);
    session.expect_written("\u{1b}[?2004l");
    session.expect_restored();
}

#[test]
fn training_is_attended_and_goes_on_when_the_dashboard_is_closed() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("tiny.toml"), TINY).unwrap();
    let arguments = [
        "train",
        "tiny.toml",
        "--watch",
        "--set",
        "stage.0.until.steps=200000",
    ];
    let mut session = Session::start(&arguments, folder.path(), &[]);
    session.expect("LIVE   step");
    session.press("q");
    session.expect("Training is still going on");
    session.press("k");
    session.child.wait().unwrap();
    session.expect_restored();
    session.expect("goes on training");

    expect_training(&folder.path().join("traces/tiny"));
    let text = session.contents();
    let pid = text
        .split("`kill ")
        .nth(1)
        .unwrap()
        .split('`')
        .next()
        .unwrap();
    signal("-TERM", pid);
}

/// Waits for another line of the manifest.
fn expect_training(dir: &Path) {
    let written = || fs::metadata(dir.join("manifest.jsonl")).unwrap().len();
    let before = written();
    let begun = Instant::now();
    while written() == before {
        assert!(begun.elapsed() < PATIENCE, "training stopped");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_lost_connection_ends_the_dashboard_but_never_training() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("tiny.toml"), TINY).unwrap();
    let steps = "stage.0.until.steps=200000";
    let arguments = ["train", "tiny.toml", "--watch", "--set", steps];
    let mut session = Session::start(&arguments, folder.path(), &[]);
    session.expect("LIVE   step");
    let dashboard = session.child.process_id().unwrap().to_string();
    let children = std::process::Command::new("pgrep")
        .args(["-P", &dashboard])
        .output()
        .unwrap();
    let trainer = String::from_utf8(children.stdout).unwrap();
    // What the dashboard gets when the terminal behind it is gone.
    signal("-HUP", &dashboard);
    session.child.wait().unwrap();
    session.expect_restored();
    expect_training(&folder.path().join("traces/tiny"));
    signal("-TERM", trainer.trim());
}

fn signal(signal: &str, process: &str) {
    let sent = std::process::Command::new("kill")
        .args([signal, process])
        .status()
        .unwrap();
    assert!(sent.success());
}

#[test]
fn a_stretch_is_traced_and_opened_from_its_event() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("tiny.toml"), TINY).unwrap();
    let trained = std::process::Command::new(env!("CARGO_BIN_EXE_creode"))
        .args([
            "train",
            "tiny.toml",
            "--set",
            "optimiser.learning_rate=0.05",
        ])
        .current_dir(folder.path())
        .env_remove("CREODE_TRACES")
        .output()
        .unwrap();
    assert!(trained.status.success());
    let mut session = Session::start(&["replay", "tiny"], folder.path(), &[]);
    session.expect("checkpoint 1 of 3");
    // Under load the events may still be on their way.
    session.press_until("n", "checkpoint 2 of 3", "no later event");
    session.press("z");
    session.expect("Train again from step 0 to 20");
    session.press("y");
    session.expect("tiny/zooms/0-1");
    session.expect("of 21");
    session.press("q");
    session.child.wait().unwrap();
    session.expect_restored();
}

#[test]
fn attended_training_is_stopped_cleanly_where_the_user_says_so() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("tiny.toml"), TINY).unwrap();
    let arguments = [
        "train",
        "tiny.toml",
        "--watch",
        "--set",
        "stage.0.until.steps=200000",
    ];
    let mut session = Session::start(&arguments, folder.path(), &[]);
    session.expect("LIVE   step");
    session.press("q");
    session.expect("Training is still going on");
    session.press("s");
    assert_eq!(session.child.wait().unwrap().exit_code(), 130);
    session.expect("`--run tiny --resume` goes on");
}

#[test]
fn an_unknown_run_is_an_error_with_the_nearest_name() {
    let folder = tempfile::tempdir().unwrap();
    support::write_run(&folder.path().join("traces/grown"));
    for command in ["replay", "watch"] {
        let mut session = Session::start(&[command, "grwn"], folder.path(), &[]);
        assert_eq!(session.child.wait().unwrap().exit_code(), 2);
        session.expect("did you mean grown?");
    }
}
