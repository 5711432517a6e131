//! The pictures and the table of keys in the documentation are what the program makes.
//!
//! `CREODE_UPDATE_DOCS=1 cargo test -p creode-tui --test all pictures` makes them anew.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use creode::figure::Width;
use creode::figure::kinds::{self, Options};
use creode_tui::dashboard::{Headless, Look, keys_as_markdown};

/// File, screen, keys.
const PICTURES: [(&str, &str, &str); 4] = [
    ("landscape.svg", "Landscape", "G u"),
    ("birth.svg", "Landscape", "n b + + +"),
    ("diagram.svg", "Diagram", "n"),
    ("learning.svg", "Learning", "n n y"),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Compares a file with what it should be, or makes it so.
fn expect_current(path: &Path, content: &str) {
    if std::env::var_os("CREODE_UPDATE_DOCS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        kept == content,
        "{} is not what the program makes: CREODE_UPDATE_DOCS=1 cargo test -p creode-tui --test all pictures",
        path.display()
    );
}

#[test]
fn pictures_are_current() {
    let traces = root().join("traces");
    for (file, screen, keys) in PICTURES {
        let mut dashboard = Headless::new(&traces.join("sample"), &traces, screen, Look::Dark);
        dashboard.read_all();
        dashboard.press(keys);
        let path = root().join("docs/pictures").join(file);
        expect_current(&path, &dashboard.picture(110, 32));
    }
}

#[test]
fn figures_are_current() {
    let sample = root().join("traces/sample");
    for kind in kinds::all() {
        let file = match kind.name() {
            "bifurcations" => "figure-bifurcations.svg",
            "states" => "figure-states.svg",
            _ => continue,
        };
        let figure = kind.draw(&sample, &Options::default()).unwrap();
        let path = root().join("docs/pictures").join(file);
        expect_current(&path, &figure.scene(Width::TWO_COLUMNS).to_svg());
    }
}

#[test]
fn the_table_of_keys_is_current() {
    let text = format!(
        "# Keys of the dashboard\n\nMade from the table that the program itself goes by; `?` shows it on screen, `:` finds a \
         command by its words.\n{}",
        keys_as_markdown()
    );
    expect_current(&root().join("docs/KEYS.md"), &text);
}
