//! The keys of the dashboard: one table from which both the dispatch and the help are made.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// What a key does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    /// Leaves the dashboard.
    Quit,
    /// Closes what is open: help, then pin, then selection.
    Back,
    /// Starts or stops playing.
    TogglePlay,
    /// Moves by so many checkpoints.
    Step(i64),
    /// Moves to the next (+1) or previous (−1) change of the number of fixed points.
    Change(i64),
    /// Moves to the first checkpoint.
    First,
    /// Moves to the last checkpoint, and follows a run that is still growing.
    Last,
    /// Follows the newest checkpoint, or stops to.
    ToggleFollow,
    /// Halves the speed of playing.
    Slower,
    /// Doubles the speed of playing.
    Faster,
    /// Plays at the usual speed again.
    NormalSpeed,
    /// Moves so many rows in the list of fixed points.
    Select(i64),
    /// Keeps the selected point selected at other checkpoints too, or lets it go.
    TogglePin,
    /// Turns the view by so many steps, around the vertical and around the horizontal.
    Rotate(i8, i8),
    /// Takes the first view again.
    ResetView,
    /// Fits the principal components to the probe trials of the checkpoint on screen.
    Refit,
    /// Shows or hides the probe trials.
    ToggleTrajectories,
    /// Draws the loss on a logarithmic axis, or not.
    ToggleLogLoss,
    /// Shows the next probe input.
    NextCondition,
    /// Opens or closes the help.
    ToggleHelp,
}

/// A row of the table.
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

const fn row(
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

/// All keys; the bottom row shows hints in this order, and drops the last ones first.
pub(crate) const BINDINGS: &[Binding] = &[
    row(
        &["?", "<F1>"],
        Action::ToggleHelp,
        "this help",
        Some("help"),
    ),
    row(&["q", "<C-c>"], Action::Quit, "quit", Some("quit")),
    row(
        &["<space>"],
        Action::TogglePlay,
        "play, pause",
        Some("play"),
    ),
    row(
        &["<left>", "h"],
        Action::Step(-1),
        "previous checkpoint",
        None,
    ),
    row(
        &["<right>", "l"],
        Action::Step(1),
        "next checkpoint",
        Some("step"),
    ),
    row(
        &["<S-left>", "H"],
        Action::Step(-10),
        "10 checkpoints back",
        None,
    ),
    row(
        &["<S-right>", "L"],
        Action::Step(10),
        "10 checkpoints on",
        None,
    ),
    row(
        &["n"],
        Action::Change(1),
        "next change of count",
        Some("change"),
    ),
    row(&["N"], Action::Change(-1), "previous change of count", None),
    row(&["g", "<home>"], Action::First, "first checkpoint", None),
    row(
        &["G", "<end>"],
        Action::Last,
        "last checkpoint; follow",
        None,
    ),
    row(&["f"], Action::ToggleFollow, "follow newest, or not", None),
    row(&["["], Action::Slower, "half the speed", None),
    row(&["]"], Action::Faster, "double the speed", None),
    row(&["\\"], Action::NormalSpeed, "usual speed", None),
    row(
        &["j", "<down>"],
        Action::Select(1),
        "next fixed point",
        Some("point"),
    ),
    row(
        &["k", "<up>"],
        Action::Select(-1),
        "previous fixed point",
        None,
    ),
    row(
        &["<enter>"],
        Action::TogglePin,
        "pin the point, or unpin",
        None,
    ),
    row(&["<esc>"], Action::Back, "close, unpin, unselect", None),
    row(&["a"], Action::Rotate(-1, 0), "turn left", None),
    row(&["d"], Action::Rotate(1, 0), "turn right", None),
    row(&["w"], Action::Rotate(0, 1), "tilt up", Some("tilt")),
    row(&["s"], Action::Rotate(0, -1), "tilt down", None),
    row(&["p"], Action::ResetView, "first view again", None),
    row(&["P"], Action::Refit, "fit plane to checkpoint", None),
    row(
        &["t"],
        Action::ToggleTrajectories,
        "probe trials on, off",
        Some("trials"),
    ),
    row(
        &["y"],
        Action::ToggleLogLoss,
        "logarithmic loss on, off",
        Some("log loss"),
    ),
    row(&["c"], Action::NextCondition, "next probe input", None),
];

/// What the key of that name does.
pub(crate) fn action(name: &str) -> Option<Action> {
    BINDINGS
        .iter()
        .find(|binding| binding.keys.contains(&name))
        .map(|binding| binding.action)
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
        "<C-c>" => "Ctrl-C",
        "<F1>" => "F1",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_key_has_two_meanings() {
        let mut seen = HashSet::new();
        for key in BINDINGS.iter().flat_map(|binding| binding.keys) {
            assert!(seen.insert(key), "{key} is bound twice");
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
        assert_eq!(action("<C-c>"), Some(Action::Quit));
    }
}
