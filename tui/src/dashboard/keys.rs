//! The keys of the dashboard: one table from which the dispatch, the help, the palette and the documentation are made.
//!
//! It is put together from the rows here, one row a screen, and the rows that each screen brings; of two rows for the
//! same key that of the screen counts.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::screen::Screen;

/// What a key does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    /// Leaves the dashboard.
    Quit,
    /// Closes what is open, one level at a time.
    Back,
    /// Opens or closes the help.
    Help,
    /// Opens the list of commands.
    Palette,
    /// Shows a screen.
    Screen(usize),
    /// Moves the focus to the next (+1) or previous (−1) pane.
    Pane(i64),
    /// Gives the focused pane all room, or gives it back.
    Expand,
    /// Writes the screen to an SVG file.
    Export,
    /// Starts or stops playing.
    Play,
    /// Moves by so many checkpoints.
    Step(i64),
    /// Moves to the next (+1) or previous (−1) event or mark.
    Stop(i64),
    /// Moves to the first checkpoint.
    First,
    /// Moves to the last checkpoint, and follows a run that is still growing.
    Last,
    /// Follows the newest checkpoint, or stops to.
    Follow,
    /// Halves the speed of playing.
    Slower,
    /// Doubles the speed of playing.
    Faster,
    /// Plays at the usual speed again.
    NormalSpeed,
    /// Stops at the end, begins again, or goes round in the window.
    Loop,
    /// Zooms in (+1) or out (−1).
    Zoom(i64),
    /// Shows all again.
    ZoomReset,
    /// Moves what is in view along the axis of steps.
    Pan(i64),
    /// Lets the axis of steps run otherwise.
    Axis,
    /// Marks the step, with a note.
    Mark,
    /// Traces the event at finer checkpoints, and opens that run.
    ZoomRun,
    /// Shows the next probe input.
    Condition,
    /// Gives the focus to the next (+1) or previous (−1) open run.
    FocusRun(i64),
    /// Aligns the open runs otherwise.
    Align,
    /// Closes the run in focus.
    CloseRun,
    /// Moves so many rows in a list.
    Select(i64),
    /// Opens or pins what is selected.
    Enter,
    /// What the screen itself knows by this name.
    Own(&'static str),
}

/// A row of the table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Binding {
    /// Names of the keys, as [`name`] gives them.
    pub(crate) keys: &'static [&'static str],
    /// What they do.
    pub(crate) action: Action,
    /// The same in words.
    pub(crate) does: &'static str,
    /// A word for the bottom row, if it is to be there.
    pub(crate) hint: Option<&'static str>,
}

/// A row of the table.
pub(crate) const fn row(
    keys: &'static [&'static str],
    action: Action,
    does: &'static str,
    hint: Option<&'static str>,
) -> Binding {
    Binding {
        keys,
        action,
        does,
        hint,
    }
}

/// What holds for the dashboard as a whole.
pub(crate) const GENERAL: &[Binding] = &[
    row(&["?", "<F1>"], Action::Help, "this help", Some("help")),
    row(&["q", "<C-c>"], Action::Quit, "quit", Some("quit")),
    row(
        &[":"],
        Action::Palette,
        "all commands, by name",
        Some("commands"),
    ),
    row(&["<esc>"], Action::Back, "close, unpin, unselect", None),
    row(&["<tab>"], Action::Pane(1), "next pane", None),
    row(&["<S-tab>"], Action::Pane(-1), "previous pane", None),
    row(
        &["e"],
        Action::Expand,
        "expand the pane, or back",
        Some("expand"),
    ),
    row(&["S"], Action::Export, "save the screen as SVG", None),
];

/// What moves through the run.
pub(crate) const TIMELINE: &[Binding] = &[
    row(&["<space>"], Action::Play, "play, pause", Some("play")),
    row(
        &["<right>", "l"],
        Action::Step(1),
        "next checkpoint",
        Some("step"),
    ),
    row(
        &["<left>", "h"],
        Action::Step(-1),
        "previous checkpoint",
        None,
    ),
    row(
        &["<S-right>", "L"],
        Action::Step(10),
        "10 checkpoints on",
        None,
    ),
    row(
        &["<S-left>", "H"],
        Action::Step(-10),
        "10 checkpoints back",
        None,
    ),
    row(&["n"], Action::Stop(1), "next event or mark", Some("event")),
    row(&["N"], Action::Stop(-1), "previous event or mark", None),
    row(&["g", "<home>"], Action::First, "first checkpoint", None),
    row(
        &["G", "<end>"],
        Action::Last,
        "last checkpoint; follow",
        None,
    ),
    row(&["f"], Action::Follow, "follow the newest, or not", None),
    row(&["["], Action::Slower, "half the speed", None),
    row(&["]"], Action::Faster, "double the speed", None),
    row(&["\\"], Action::NormalSpeed, "usual speed", None),
    row(&["o"], Action::Loop, "loop: off, all, window", None),
    row(&["+"], Action::Zoom(1), "zoom in on the step", Some("zoom")),
    row(&["-"], Action::Zoom(-1), "zoom out", None),
    row(&["="], Action::ZoomReset, "all steps", None),
    row(&["<"], Action::Pan(-1), "earlier steps", None),
    row(&[">"], Action::Pan(1), "later steps", None),
    row(
        &["T"],
        Action::Axis,
        "axis: step, log step, checkpoint",
        Some("axis"),
    ),
    row(&["m"], Action::Mark, "mark the step, with a note", None),
    row(&["z"], Action::ZoomRun, "trace the event more finely", None),
    row(&["c"], Action::Condition, "next probe input", None),
];

/// What there is to do with several open runs.
pub(crate) const OPEN_RUNS: &[Binding] = &[
    row(&["r"], Action::FocusRun(1), "next open run", Some("run")),
    row(&["R"], Action::FocusRun(-1), "previous open run", None),
    row(
        &["A"],
        Action::Align,
        "align by step, event, loss, …",
        Some("align"),
    ),
    row(&["X"], Action::CloseRun, "close the run in focus", None),
];

const DIGITS: [&[&str]; 9] = [
    &["1"],
    &["2"],
    &["3"],
    &["4"],
    &["5"],
    &["6"],
    &["7"],
    &["8"],
    &["9"],
];

/// A heading and the rows under it.
pub(crate) type Section = (&'static str, Vec<Binding>);

/// The table as it holds on one of the screens: its own rows first.
pub(crate) fn table(screens: &[Box<dyn Screen>], current: usize) -> Vec<Section> {
    let own = screens.get(current).map_or(&[][..], |screen| screen.keys());
    let name = screens.get(current).map_or("", |screen| screen.name());
    let of_screens = screens.iter().zip(DIGITS).enumerate();
    let of_screens = of_screens
        .map(|(number, (screen, keys))| row(keys, Action::Screen(number), screen.about(), None));
    let is_free = |binding: &&Binding| {
        !own.iter()
            .any(|of| of.keys.iter().any(|key| binding.keys.contains(key)))
    };
    let free = |rows: &[Binding]| rows.iter().filter(is_free).copied().collect::<Vec<_>>();
    vec![
        (name, own.to_vec()),
        ("Timeline", free(TIMELINE)),
        ("Dashboard", free(GENERAL)),
        ("Screens", of_screens.collect()),
        ("Open runs", free(OPEN_RUNS)),
    ]
}

/// What the key of that name does on one of the screens.
pub(crate) fn action(screens: &[Box<dyn Screen>], current: usize, key: &str) -> Option<Action> {
    let sections = table(screens, current);
    let mut rows = sections.iter().flat_map(|(_, rows)| rows);
    rows.find(|binding| binding.keys.contains(&key))
        .map(|binding| binding.action)
}

/// The screens on which a key does something, for those on which it does not.
pub(crate) fn elsewhere(screens: &[Box<dyn Screen>], key: &str) -> Option<String> {
    let mut owners = screens.iter().enumerate().filter_map(|(number, screen)| {
        let row = screen.keys().iter().find(|row| row.keys.contains(&key))?;
        Some((number, screen.name(), row.does))
    });
    let (number, name, does) = owners.next()?;
    Some(format!(
        "{}: {does}, on the screen {name} ({})",
        label(key),
        number + 1
    ))
}

/// Name of a key: the character itself, or `<left>`, `<S-left>`, `<C-c>`; none for keys that mean nothing here.
pub(crate) fn name(event: KeyEvent) -> Option<String> {
    let KeyEvent {
        code, modifiers, ..
    } = event;
    if modifiers.intersects(KeyModifiers::ALT | KeyModifiers::SUPER) {
        return None;
    }
    let control = modifiers.contains(KeyModifiers::CONTROL);
    let shift = modifiers.contains(KeyModifiers::SHIFT);
    let word = match code {
        KeyCode::Char(' ') => "space",
        KeyCode::Char(character) if control => return Some(format!("<C-{character}>")),
        KeyCode::Char(character) => return Some(character.to_string()),
        KeyCode::Left => "left",
        KeyCode::Right => "right",
        KeyCode::Up => "up",
        KeyCode::Down => "down",
        KeyCode::Home => "home",
        KeyCode::End => "end",
        KeyCode::Enter => "enter",
        KeyCode::Esc => "esc",
        KeyCode::Tab => "tab",
        KeyCode::BackTab => return Some("<S-tab>".into()),
        KeyCode::Backspace => "backspace",
        KeyCode::F(1) => "F1",
        _ => return None,
    };
    let shifted = shift && matches!(code, KeyCode::Left | KeyCode::Right);
    Some(if shifted {
        format!("<S-{word}>")
    } else {
        format!("<{word}>")
    })
}

/// How a key is written on screen.
pub(crate) fn label(name: &str) -> &str {
    match name {
        "<space>" => "Space",
        "<left>" => "←",
        "<right>" => "→",
        "<up>" => "↑",
        "<down>" => "↓",
        "<S-left>" => "Shift ←",
        "<S-right>" => "Shift →",
        "<home>" => "Home",
        "<end>" => "End",
        "<enter>" => "Enter",
        "<esc>" => "Esc",
        "<tab>" => "Tab",
        "<S-tab>" => "Shift Tab",
        "<C-c>" => "Ctrl-C",
        "<F1>" => "F1",
        other => other,
    }
}

/// All keys as a table in Markdown.
pub(crate) fn markdown(screens: &[Box<dyn Screen>]) -> String {
    use std::fmt::Write as _;
    let mut text = String::new();
    let mut section = |heading: &str, rows: &[Binding]| {
        let _ = writeln!(text, "\n## {heading}\n\n| keys | |\n|---|---|");
        for row in rows {
            let code = |key: &&str| match label(key) {
                "|" => "`\\|`".to_owned(),
                label => format!("`{label}`"),
            };
            let keys: Vec<String> = row.keys.iter().map(code).collect();
            let _ = writeln!(text, "| {} | {} |", keys.join(" "), row.does);
        }
    };
    section("Everywhere", GENERAL);
    let sections = table(screens, usize::MAX);
    section("Screens", &sections[3].1);
    section("Timeline", TIMELINE);
    section("Open runs", OPEN_RUNS);
    for screen in screens {
        section(screen.name(), screen.keys());
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::super::screens;
    use super::*;

    #[test]
    fn no_key_has_two_meanings_on_a_screen() {
        let screens = screens::all();
        for current in 0..screens.len() {
            let mut seen = HashSet::new();
            let own = screens[current].keys().iter().flat_map(|row| row.keys);
            own.for_each(|key| assert!(seen.insert(key), "{key} is bound twice on {current}"));
            let mut seen = HashSet::new();
            let sections = table(&screens, current);
            for key in sections
                .iter()
                .flat_map(|(_, rows)| rows)
                .flat_map(|row| row.keys)
            {
                assert!(seen.insert(*key), "{key} is bound twice on {current}");
            }
        }
    }

    #[test]
    fn events_have_the_names_of_the_table() {
        let named = |code, modifiers| name(KeyEvent::new(code, modifiers));
        assert_eq!(
            named(KeyCode::Right, KeyModifiers::SHIFT).as_deref(),
            Some("<S-right>")
        );
        assert_eq!(
            named(KeyCode::Char('L'), KeyModifiers::SHIFT).as_deref(),
            Some("L")
        );
        assert_eq!(
            named(KeyCode::Char('c'), KeyModifiers::CONTROL).as_deref(),
            Some("<C-c>")
        );
        assert_eq!(named(KeyCode::Char('q'), KeyModifiers::ALT), None);
        assert_eq!(action(&screens::all(), 0, "<C-c>"), Some(Action::Quit));
    }

    #[test]
    fn a_key_of_another_screen_says_so() {
        let text = elsewhere(&screens::all(), "P").unwrap_or_default();
        assert!(text.contains("Landscape (3)"), "{text}");
    }
}
