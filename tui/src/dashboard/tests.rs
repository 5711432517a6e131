#![allow(clippy::unwrap_used)]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use tui::buffer::Buffer;
use tui::layout::Rect;
use tui::style::{Color, Modifier};

use super::app::{MouseInput, Msg};
use super::data::loader::Loader;
use super::data::{Request, Update};
use super::headless::{Headless, Look};
use super::overlay::Overlay;
use super::screen::Effect;
use super::timeline::Code;
use super::view;

mod arena;
mod axes;
mod comparing;
mod live;
mod pressing;
mod several;
#[path = "../../tests/support/mod.rs"]
mod support;

/// A folder with the run `grown`, and the dashboard on one of its screens, all read.
fn replay(screen: &str, look: Look) -> (tempfile::TempDir, Headless) {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("grown");
    support::write_run(&dir);
    support::derive(&dir);
    let dashboard = open(&dir, folder.path(), screen, look);
    (folder, dashboard)
}

fn open(dir: &Path, traces: &Path, screen: &str, look: Look) -> Headless {
    let mut dashboard = Headless::new(dir, traces, screen, look);
    dashboard.read_all();
    // Where the folder lies is no matter of pictures.
    dashboard.app.desk.traces = "traces".into();
    dashboard
}

fn landscape() -> (tempfile::TempDir, Headless) {
    replay("Landscape", Look::Plain)
}

fn step(dashboard: &Headless) -> u64 {
    dashboard.app.desk.run.timeline.step()
}

fn text(buffer: &Buffer) -> String {
    let rows = buffer.content.chunks(usize::from(buffer.area.width));
    let row = |cells: &[tui::buffer::Cell]| {
        let text: String = cells.iter().map(tui::buffer::Cell::symbol).collect();
        text.trim_end().to_owned() + "\n"
    };
    rows.map(row).collect()
}

fn shown(dashboard: &Headless) -> String {
    text(&dashboard.screen(120, 36))
}

/// Text, then for each row the columns that are not plain, with colour and attributes.
fn styled(buffer: &Buffer) -> String {
    let mut styles = text(buffer);
    for (number, row) in buffer
        .content
        .chunks(usize::from(buffer.area.width))
        .enumerate()
    {
        let style = |cell: &tui::buffer::Cell| (cell.fg, cell.bg, cell.modifier);
        let mut begin = 0;
        let mut runs = String::new();
        while begin < row.len() {
            let of = style(&row[begin]);
            let count = row[begin..]
                .iter()
                .take_while(|cell| style(cell) == of)
                .count();
            if of != (Color::Reset, Color::Reset, Modifier::empty()) {
                let modifier = format!("{:?}", of.2).replace("NONE", "");
                let _ = write!(
                    runs,
                    " {begin}+{count}:{}{}",
                    of.0,
                    if modifier.is_empty() {
                        modifier
                    } else {
                        format!(" {modifier}")
                    }
                );
            }
            begin += count;
        }
        if !runs.is_empty() {
            let _ = writeln!(styles, "{number}{runs}");
        }
    }
    styles
}

#[test]
fn notes_are_kept_in_the_run_and_seen_again() {
    let (folder, mut dashboard) = landscape();
    dashboard.press("l m s e e <space> t h i s <enter>");
    assert!(shown(&dashboard).contains("“see this”"));
    let dir = folder.path().join("grown");
    let kept = fs::read_to_string(dir.join("marks.jsonl")).unwrap();
    assert_eq!(kept, "{\"note\":\"see this\",\"step\":100}\n");
    let mut again = open(&dir, folder.path(), "Diagram", Look::Plain);
    again.press("n");
    assert!(shown(&again).contains("“see this”"));
    again.press("m <C-u> <enter>");
    assert_eq!(fs::read_to_string(dir.join("marks.jsonl")).unwrap(), "");
    assert!(!shown(&again).contains("see this"));
}

#[test]
fn an_event_can_be_traced_more_finely() {
    let (_folder, mut dashboard) = landscape();
    dashboard.press("n z y");
    let asked = Effect::ZoomRun {
        from_step: 0,
        to_step: 100,
    };
    assert_eq!(dashboard.effect, Some(asked));
    dashboard.press("z <esc>");
    assert_eq!(dashboard.effect, None);
}

#[test]
fn runs_are_filtered_sorted_marked_and_opened() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["alpha", "beta"] {
        support::write_run(&folder.path().join(name));
    }
    support::create(&folder.path().join("new"));
    let mut dashboard = open(
        &folder.path().join("alpha"),
        folder.path(),
        "Runs",
        Look::Plain,
    );
    let screen = shown(&dashboard);
    assert!(
        screen.contains("3 runs") && screen.contains("interrupted"),
        "{screen}"
    );
    dashboard.press("s x / b e <enter>");
    let screen = shown(&dashboard);
    assert!(
        screen.contains("1 of 3 runs") && screen.contains("only “be”"),
        "{screen}"
    );
    assert!(screen.contains("9 (4●)"), "{screen}");
    dashboard.press("<enter>");
    assert!(dashboard.app.desk.run.dir.ends_with("beta"));
    assert_eq!(
        dashboard.app.screens[dashboard.app.current].name(),
        "Landscape"
    );
    dashboard.press("n");
    assert_eq!(step(&dashboard), 100);
    dashboard.press("1 <esc>");
    assert!(shown(&dashboard).contains("✓"), "what was marked stays so");
}

#[test]
fn events_have_their_codes_and_what_no_bifurcation_explains_has_a_sign() {
    let (folder, dashboard) = landscape();
    let stops = &dashboard.app.desk.run.timeline.stops;
    let codes: Vec<_> = stops
        .iter()
        .map(|stop| (stop.to_step, stop.codes.clone()))
        .collect();
    assert_eq!(
        codes,
        [(100, vec![(Code::Fold, 1)]), (300, vec![(Code::Born, 6)])]
    );
    fs::remove_file(folder.path().join("grown/events.parquet")).unwrap();
    let dashboard = open(
        &folder.path().join("grown"),
        folder.path(),
        "Diagram",
        Look::Plain,
    );
    let stops = &dashboard.app.desk.run.timeline.stops;
    assert_eq!(stops[0].codes, [(Code::Born, 2)]);
    let damage = &dashboard.app.desk.run.data.damage;
    assert!(
        damage
            .iter()
            .any(|text| text.contains("events.parquet") && text.contains("missing"))
    );
}

#[test]
fn pasted_text_is_typed_where_text_is_asked_for_and_is_no_keys_elsewhere() {
    let (_folder, mut dashboard) = landscape();
    let at_first = step(&dashboard);
    dashboard.app.update(Msg::Paste("G:quit\n".into()));
    assert_eq!(
        (step(&dashboard), dashboard.effect.clone()),
        (at_first, None)
    );
    assert!(shown(&dashboard).contains("pasted text is no keys"));
    dashboard.press("m");
    dashboard
        .app
        .update(Msg::Paste("a\u{1b}[2Jnote\nand more".into()));
    dashboard.press("<enter>");
    let note = dashboard
        .app
        .desk
        .run
        .timeline
        .stop()
        .and_then(|stop| stop.note.clone());
    assert_eq!(note.as_deref(), Some("a[2Jnote"));
}

#[test]
fn the_scale_is_that_of_all_checkpoints_and_refitting_asks_for_the_one_on_screen() {
    let (_folder, mut dashboard) = landscape();
    let at_first = dashboard.app.desk.run.data.bounds.clone();
    dashboard.press("G w a t . + -");
    assert_eq!(dashboard.app.desk.run.data.bounds, at_first);
    dashboard.press("h P");
    assert_eq!(dashboard.app.desk.run.points().len(), 3);
    assert!(shown(&dashboard).contains("PCs of step 100"));
}

#[test]
fn the_mouse_scrubs_selects_turns_and_zooms() {
    let (_folder, mut dashboard) = landscape();
    let area = Rect::new(0, 0, 120, 36);
    let timeline = view::places(area, 1).unwrap().timeline;
    let mut mouse = |input| {
        dashboard.app.update(Msg::Mouse(input, area));
        dashboard.read_wanted();
        step(&dashboard)
    };
    assert_eq!(mouse(MouseInput::Down(119, timeline.y + 1)), 300);
    assert_eq!(
        mouse(MouseInput::Drag(2, 3)),
        0,
        "a drag holds on to the timeline"
    );
    mouse(MouseInput::Up);
    assert_eq!(mouse(MouseInput::Drag(119, 3)), 0);
    assert_eq!(mouse(MouseInput::Wheel(-1, 9, timeline.y)), 100);
    let before = shown(&dashboard);
    for input in [
        MouseInput::Down(20, 10),
        MouseInput::Drag(30, 12),
        MouseInput::Up,
    ] {
        dashboard.app.update(Msg::Mouse(input, area));
    }
    assert_ne!(shown(&dashboard), before, "the view turned");
    let tab = MouseInput::Down(10, 0);
    dashboard.app.update(Msg::Mouse(tab, area));
    assert_eq!(dashboard.app.current, 0);
}

#[test]
fn details_in_memory_are_few() {
    let mut loader = Loader::new(Path::new("nowhere"));
    assert!(loader.take(Request::Details(vec![1, 2])).is_none());
    let mut store = super::data::store::Store::default();
    for checkpoint in 0..500 {
        let detail = super::data::Detail {
            checkpoint,
            spectra: Ok(Vec::new()),
            trials: Ok(Vec::new()),
        };
        store.take_in(Update::Detail(detail), Some(checkpoint));
    }
    assert!(store.details.len() <= 32 && store.details.contains_key(&499));
}

#[test]
fn no_size_panics() {
    let (_folder, mut dashboard) = landscape();
    dashboard.press("G j");
    for number in ["1", "2", "3", "4", "5", "6"] {
        dashboard.press(number);
        for overlay in [None, Some(Overlay::Help { scroll: 3 })] {
            dashboard.app.overlay = overlay;
            for width in (1..=200).step_by(7) {
                for height in (1..=60).step_by(3) {
                    dashboard.screen(width, height);
                }
            }
        }
    }
}

#[test]
fn ascii_is_ascii() {
    let (_folder, mut dashboard) = replay("Landscape", Look::Ascii);
    for names in ["l b", "G", "j", "1", "2", "4", "5", "6", "?"] {
        dashboard.press(names);
        assert!(
            shown(&dashboard).is_ascii(),
            "after {names}: {}",
            shown(&dashboard)
        );
    }
}

#[test]
fn pictures() {
    let screens = [
        ("Runs", ""),
        ("Learning", "l"),
        ("Landscape", "G j j"),
        ("Diagram", "n"),
    ];
    for (screen, names) in screens {
        let name = |kind: &str| format!("{}_{kind}", screen.to_lowercase());
        let (_folder, mut dashboard) = replay(screen, Look::Dark);
        dashboard.press(names);
        insta::assert_snapshot!(name("120x36_styled"), styled(&dashboard.screen(120, 36)));
        insta::assert_snapshot!(name("80x24"), text(&dashboard.screen(80, 24)));
        let (_folder, mut plain) = replay(screen, Look::Plain);
        plain.press(names);
        insta::assert_snapshot!(name("80x24_no_color"), styled(&plain.screen(80, 24)));
        let (_folder, mut ascii) = replay(screen, Look::Ascii);
        ascii.press(names);
        insta::assert_snapshot!(name("80x24_ascii"), text(&ascii.screen(80, 24)));
        assert!(text(&ascii.screen(40, 10)).contains("creode needs 60"));
    }
    let (_folder, mut dashboard) = replay("Landscape", Look::Plain);
    insta::assert_snapshot!("too_small_40x10", text(&dashboard.screen(40, 10)));
    dashboard.press("n b");
    insta::assert_snapshot!("before_and_after_120x36", text(&dashboard.screen(120, 36)));
    dashboard.press("?");
    insta::assert_snapshot!("help_120x36", text(&dashboard.screen(120, 36)));
    dashboard.press("<esc> : z o o m");
    insta::assert_snapshot!("palette_80x24", text(&dashboard.screen(80, 24)));
}
