//! Several runs side by side.

use std::fs;

use super::session::Session;
use crate::support;

#[test]
fn several_runs_are_replayed_side_by_side() {
    let folder = tempfile::tempdir().unwrap();
    support::write_run(&folder.path().join("traces/quick"));
    support::write_slower_run(&folder.path().join("traces/slow"), 3);
    let mut session = Session::start(&["replay", "quick", "slow"], folder.path(), &[]);
    session.expect("A quick  PAUSED   step 0 / 300 · checkpoint 1 of 3");
    session.expect(" B slow ");
    session.press_until("A", "by share", "only one run");
    session.press("\u{1b}[C");
    session.expect("A quick 0.167 ─ B slow 0.250");
    session.press("r");
    session.expect("B slow  PAUSED   step 300 / 900 · checkpoint 2 of 3");
    session.press("X");
    session.expect("quick  PAUSED   step 100 / 300 · checkpoint 2 of 3");
    session.press("X");
    session.expect("only one run is open");
    session.press("q");
    assert_eq!(session.child.wait().unwrap().exit_code(), 0);
    session.expect_restored();
}

#[test]
fn runs_that_grow_and_one_that_vanishes_are_watched_side_by_side() {
    let folder = tempfile::tempdir().unwrap();
    let traces = folder.path().join("traces");
    let writer = support::create(&traces.join("grows"));
    support::write_run(&traces.join("quick"));
    let mut session = Session::start(&["watch", "grows", "quick", "later"], folder.path(), &[]);
    session.expect("C: waiting for a run in");
    for checkpoint in 0..3 {
        support::write_checkpoint(&writer, checkpoint);
        session.expect(&format!("checkpoint {0} of {0}", checkpoint + 1));
    }
    session.expect("A grows  LIVE");
    let later = support::create(&traces.join("later"));
    support::write_checkpoint(&later, 0);
    session.expect("C later ");
    fs::remove_dir_all(traces.join("quick")).unwrap();
    session.expect("B: ");
    session.expect("is gone");
    session.expect("A grows  LIVE");
    session.press("q");
    assert_eq!(session.child.wait().unwrap().exit_code(), 2);
    session.expect_restored();
    session.expect_written("is gone");
}
