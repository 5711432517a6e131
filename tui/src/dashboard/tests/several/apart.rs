//! What happens to one of several open runs happens to no other.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use super::{Random, open, steps, two, write_runs};
use crate::dashboard::app::Msg;
use crate::dashboard::data::loader::Loader;
use crate::dashboard::data::store::Store;
use crate::dashboard::data::{Detail, Request, RunId, Update};
use crate::dashboard::headless::{Headless, Look};
use crate::dashboard::tests::{shown, support};

/// What a store holds of its run, table by table.
fn tables(store: &Store) -> Vec<String> {
    vec![
        format!("{} {:?} {:?}", store.name, store.state, store.problem),
        format!("{:?}", store.entries),
        format!("{:?}", store.steps),
        format!("{:?}", store.summaries),
        format!("{:?} {:?}", store.log, store.marks),
    ]
}

#[test]
fn what_is_read_of_a_run_is_what_is_read_of_it_alone() {
    let folder = write_runs();
    let all = ["quick", "slow", "new"];
    fs::write(folder.path().join("slow/trials/00000300.parquet"), b"PAR1").unwrap();
    let alone: BTreeMap<String, Vec<String>> = all
        .iter()
        .map(|name| {
            let dashboard = open(folder.path(), &[name], "Learning", Look::Plain);
            let run = &dashboard.app.desk.run;
            (run.name(), tables(&run.data))
        })
        .collect();
    // The pieces of all three, in many orders.
    for seed in 0..8_u64 {
        let dirs: Vec<PathBuf> = all.iter().map(|name| folder.path().join(name)).collect();
        let mut dashboard = Headless::of_several(&dirs, folder.path(), "Learning", Look::Plain);
        let mut random = Random(seed);
        let mut left: Vec<RunId> = dashboard.loaders.keys().copied().collect();
        for (id, loader) in &mut dashboard.loaders {
            if let Some(update) = loader.poll() {
                dashboard.app.update(Msg::News(*id, update));
            }
        }
        while !left.is_empty() {
            let at = random.below(left.len());
            let id = left[at];
            let before = beside(&dashboard, id);
            match dashboard.loaders.get_mut(&id).and_then(Loader::next) {
                Some(update) => {
                    dashboard.app.update(Msg::News(id, update));
                    assert!(
                        beside(&dashboard, id) == before,
                        "changed by news of another"
                    );
                }
                None => {
                    left.remove(at);
                }
            }
        }
        dashboard.read_wanted();
        for run in dashboard.app.desk.open_runs() {
            let (name, read) = (run.name(), tables(&run.data));
            for (here, alone) in read.iter().zip(&alone[&name]) {
                assert!(here == alone, "{name}: {here:.200} is not {alone:.200}");
            }
        }
    }
}

/// The stores of all open runs but one.
fn beside(dashboard: &Headless, id: RunId) -> Vec<Vec<String>> {
    let open = dashboard.app.desk.open_runs().into_iter();
    let others = open.filter(|run| run.id != id);
    others.map(|run| tables(&run.data)).collect()
}

#[test]
fn news_of_a_run_that_was_closed_are_let_go() {
    let (_folder, mut dashboard) = two("Learning");
    let id = dashboard.app.desk.others[0].id;
    dashboard.press("r X");
    let before = tables(&dashboard.app.desk.run.data);
    let news = Update::Problem("too late".into());
    dashboard.app.update(Msg::News(id, news));
    assert_eq!(tables(&dashboard.app.desk.run.data), before);
    assert!(!dashboard.damage().contains("too late"));
    assert!(!dashboard.loaders.contains_key(&id), "nobody reads it");
}

#[test]
fn damage_of_one_run_leaves_the_others_whole() {
    let folder = write_runs();
    for table in ["steps", "fixed_points"] {
        fs::write(
            folder
                .path()
                .join("slow")
                .join(table)
                .join("00000300.parquet"),
            b"PAR1",
        )
        .unwrap();
    }
    let mut dashboard = open(folder.path(), &["quick", "slow"], "Learning", Look::Plain);
    let desk = &dashboard.app.desk;
    assert!(desk.run.data.damage.is_empty());
    assert_eq!(desk.others[0].data.damage.len(), 2);
    let screen = shown(&dashboard);
    assert!(
        screen.contains("! 2 unreadable") && !screen.contains("is damaged"),
        "{screen}"
    );
    dashboard.press("r");
    assert!(shown(&dashboard).contains("is damaged"));
    dashboard.press("X");
    assert_eq!(dashboard.damage().len(), 2, "told also when it is closed");
}

#[test]
fn a_run_that_vanishes_is_told_and_the_others_go_on() {
    let (folder, mut dashboard) = two("Landscape");
    fs::remove_dir_all(folder.path().join("slow")).unwrap();
    dashboard.read_screen();
    let screen = shown(&dashboard);
    assert!(
        screen.contains("B: ") && screen.contains("is gone"),
        "{screen}"
    );
    assert!(screen.contains("! 0"), "{screen}");
    dashboard.press("G");
    let screen = shown(&dashboard);
    assert!(screen.contains("9 fixed points"), "{screen}");
    assert_eq!(
        steps(&dashboard),
        [300, 300],
        "what was read is still shown"
    );
}

#[test]
fn a_run_that_grows_is_followed_beside_another() {
    let folder = tempfile::tempdir().unwrap();
    support::write_run(&folder.path().join("quick"));
    let writer = support::create(&folder.path().join("grows"));
    let mut dashboard = open(folder.path(), &["grows", "quick"], "Learning", Look::Plain);
    dashboard.app.desk.run.timeline.following = true;
    for (checkpoint, at) in [(0, 0), (1, 100), (2, 300)] {
        support::write_checkpoint(&writer, checkpoint);
        dashboard.read_all();
        assert_eq!(steps(&dashboard), [at, at]);
    }
    dashboard.press("r");
    assert!(
        !dashboard.app.desk.run.timeline.following,
        "quick is finished"
    );
    dashboard.press("r f");
    assert!(shown(&dashboard).contains("LIVE"));
}

#[test]
fn a_run_that_grows_comes_to_where_the_run_in_focus_stands() {
    let folder = tempfile::tempdir().unwrap();
    support::write_run(&folder.path().join("quick"));
    let writer = support::create(&folder.path().join("grows"));
    let mut dashboard = open(folder.path(), &["quick", "grows"], "Learning", Look::Plain);
    dashboard.press("G");
    for (checkpoint, at) in [(0, 0), (1, 100), (2, 300)] {
        support::write_checkpoint(&writer, checkpoint);
        dashboard.read_all();
        assert_eq!(steps(&dashboard), [300, at]);
    }
}

#[test]
fn details_are_kept_near_each_playhead() {
    let (_folder, mut dashboard) = two("Landscape");
    dashboard.press("A G");
    let wanted = dashboard.app.wanted();
    let ids: Vec<RunId> = wanted.iter().map(|(id, _)| *id).collect();
    let desk = &dashboard.app.desk;
    assert_eq!(ids, [desk.run.id, desk.others[0].id]);
    assert!(
        wanted
            .iter()
            .all(|(_, request)| *request == Request::Details(Vec::new())),
        "all read"
    );
    assert!(desk.others[0].data.details.contains_key(&2));
    let other = desk.others[0].id;
    for checkpoint in 0..500 {
        let detail = Detail {
            checkpoint,
            spectra: Ok(Vec::new()),
            trials: Ok(Vec::new()),
        };
        dashboard
            .app
            .update(Msg::News(other, Update::Detail(detail)));
    }
    let details = &dashboard.app.desk.others[0].data.details;
    assert!(details.len() <= 32 && details.contains_key(&2));
    assert_eq!(dashboard.app.desk.run.data.details.len(), 3);
}
