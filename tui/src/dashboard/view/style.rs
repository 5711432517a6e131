//! Glyphs and colours. Shape carries the meaning; colour only repeats it.

use std::env;

use creode::trace::rows::Kind;
use tui::buffer::Buffer;
use tui::style::{Color, Style};
use tui::symbols::Marker;

/// How many colours there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Depth {
    None,
    Named,
    Indexed,
    True,
}

/// What a colour is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ink {
    Stable,
    Saddle,
    Repeller,
    Marginal,
    Trajectory,
    Loss,
    Accuracy,
    Change,
    Warning,
    Playhead,
    Faint,
}

/// How things are drawn on this terminal.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Theme {
    ascii: bool,
    depth: Depth,
}

impl Theme {
    /// As the environment says: `NO_COLOR`, `COLORTERM`, `TERM`, the locale; ASCII also if asked for.
    pub(crate) fn from_environment(ascii: bool) -> Self {
        let variable = |name| env::var(name).ok().filter(|value| !value.is_empty());
        let locale = variable("LC_ALL")
            .or_else(|| variable("LC_CTYPE"))
            .or_else(|| variable("LANG"));
        let is_utf8 = |name: &String| {
            let name = name.to_lowercase();
            name.contains("utf-8") || name.contains("utf8")
        };
        let terminal = variable("TERM").unwrap_or_default();
        let depth = if variable("NO_COLOR").is_some() || terminal == "dumb" {
            Depth::None
        } else if variable("COLORTERM")
            .is_some_and(|value| value == "truecolor" || value == "24bit")
        {
            Depth::True
        } else if terminal.contains("256color") {
            Depth::Indexed
        } else {
            Depth::Named
        };
        Self {
            ascii: ascii || !locale.as_ref().is_some_and(is_utf8),
            depth,
        }
    }

    /// Without colours.
    #[cfg(test)]
    pub(crate) fn plain(ascii: bool) -> Self {
        Self {
            ascii,
            depth: Depth::None,
        }
    }

    /// The colour itself, for canvases: Okabe and Ito's palette.
    pub(crate) fn color(self, ink: Ink) -> Color {
        let (rgb, index, named) = match ink {
            Ink::Stable => (0x00_72_b2, 25, Color::Blue),
            Ink::Saddle => (0xd5_5e_00, 166, Color::Red),
            Ink::Repeller => (0xcc_79_a7, 175, Color::Magenta),
            Ink::Marginal | Ink::Change | Ink::Warning => (0xe6_9f_00, 178, Color::Yellow),
            Ink::Trajectory | Ink::Faint => (0x80_80_80, 244, Color::DarkGray),
            Ink::Loss => (0x56_b4_e9, 74, Color::Cyan),
            Ink::Accuracy => (0x00_9e_73, 36, Color::Green),
            Ink::Playhead => return Color::Reset,
        };
        match self.depth {
            Depth::None => Color::Reset,
            Depth::Named => named,
            Depth::Indexed => Color::Indexed(index),
            Depth::True => Color::from_u32(rgb),
        }
    }

    /// The colour as a style for text.
    pub(crate) fn style(self, ink: Ink) -> Style {
        match self.depth {
            Depth::None => Style::new(),
            _ => Style::new().fg(self.color(ink)),
        }
    }

    /// What lines are drawn with on a canvas.
    pub(crate) fn marker(self) -> Marker {
        if self.ascii {
            Marker::Custom('.')
        } else {
            Marker::Braille
        }
    }

    /// The sign of a kind of fixed point.
    pub(crate) fn sign(self, kind: Kind) -> &'static str {
        let (unicode, ascii) = match kind {
            Kind::StableNode => ("●", "*"),
            Kind::StableFocus => ("◉", "@"),
            Kind::Saddle => ("◇", "x"),
            Kind::Repeller => ("○", "o"),
            Kind::Marginal => ("◐", "%"),
        };
        if self.ascii { ascii } else { unicode }
    }

    /// The sign of a fixed point; saddles have the number of their unstable directions beside it.
    pub(crate) fn point(self, kind: Kind, n_unstable: u16) -> String {
        let sign = self.sign(kind);
        if kind == Kind::Saddle {
            format!("{sign}{n_unstable}")
        } else {
            sign.to_owned()
        }
    }

    /// The sign of a slow point.
    pub(crate) fn slow_point(self) -> &'static str {
        if self.ascii { "." } else { "·" }
    }

    /// The signs explained.
    pub(crate) fn legend(self) -> &'static str {
        if self.ascii {
            " * node  @ focus  xk saddle  o repeller  . slow "
        } else {
            " ● node  ◉ focus  ◇k saddle  ○ repeller  · slow "
        }
    }

    /// In ASCII, replaces all else in the buffer by what is nearest to it.
    pub(crate) fn finish(self, buffer: &mut Buffer) {
        if !self.ascii {
            return;
        }
        for cell in &mut buffer.content {
            if !cell.symbol().is_ascii() {
                let replacement = cell.symbol().chars().next().map_or(' ', ascii_of);
                cell.set_char(replacement);
            }
        }
    }
}

/// Ink of a kind of fixed point.
pub(crate) fn ink_of(kind: Kind) -> Ink {
    match kind {
        Kind::StableNode | Kind::StableFocus => Ink::Stable,
        Kind::Saddle => Ink::Saddle,
        Kind::Repeller => Ink::Repeller,
        Kind::Marginal => Ink::Marginal,
    }
}

fn ascii_of(character: char) -> char {
    match character {
        '─' | '−' | '–' => '-',
        '│' | '█' => '|',
        '┌' | '┐' | '└' | '┘' | '┴' | '┬' | '├' | '┤' => '+',
        '·' | '…' => '.',
        '←' => '<',
        '→' => '>',
        '↑' => '^',
        '↓' => 'v',
        'λ' => 'l',
        '×' => 'x',
        '◆' => '#',
        _ => '?',
    }
}

/// A number in at most eight characters.
pub(crate) fn short_number(x: f64) -> String {
    let magnitude = x.abs();
    if !x.is_finite() {
        x.to_string()
    } else if x == 0.0 {
        "0".into()
    } else if !(1e-2..1e4).contains(&magnitude) {
        format!("{x:.1e}")
    } else {
        let decimals = (2 - magnitude.log10().floor() as i32).clamp(0, 4) as usize;
        format!("{x:.decimals$}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let cases = [
            (0.0, "0"),
            (0.025, "0.0250"),
            (1.0, "1.00"),
            (123.4, "123"),
            (1e-24, "1.0e-24"),
            (-2e7, "-2.0e7"),
        ];
        for (x, text) in cases {
            assert_eq!(short_number(x), text);
        }
    }
}
