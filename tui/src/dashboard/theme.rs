//! Glyphs and colours. Shape carries the meaning; colour only repeats it.

use std::env;

use creode::nouns::PointKind;
use tui::buffer::Buffer;
use tui::style::{Color, Modifier, Style};

use super::timeline::Code;

/// How many colours there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Depth {
    None,
    Named,
    Indexed,
    True,
}

/// The background that colours must stand out from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Background {
    Dark,
    Light,
}

/// What a colour is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ink {
    Stable,
    Saddle,
    Repeller,
    Marginal,
    Trajectory,
    Flow,
    Loss,
    Accuracy,
    Event,
    Warning,
    Playhead,
    Faint,
    /// What belongs to one of several open runs, by its slot.
    Run(usize),
}

/// How things are drawn on this terminal.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Theme {
    pub(crate) ascii: bool,
    pub(crate) depth: Depth,
    pub(crate) background: Background,
}

impl Theme {
    /// On a dark background, for tests.
    #[cfg(test)]
    pub(crate) fn dark(depth: Depth, ascii: bool) -> Self {
        Self {
            ascii,
            depth,
            background: Background::Dark,
        }
    }

    /// As the environment says: `NO_COLOR`, `COLORTERM`, `TERM`, `COLORFGBG`, the locale; ASCII also if asked for.
    pub(crate) fn from_environment(ascii: bool, background: Option<Background>) -> Self {
        let variable = |name| env::var(name).ok().filter(|value| !value.is_empty());
        let locale = variable("LC_ALL")
            .or_else(|| variable("LC_CTYPE"))
            .or_else(|| variable("LANG"));
        let is_utf8 = |name: &String| {
            let name = name.to_lowercase();
            name.contains("utf-8") || name.contains("utf8")
        };
        Self {
            ascii: ascii || !locale.as_ref().is_some_and(is_utf8),
            depth: depth(
                variable("NO_COLOR").is_some(),
                &variable("TERM").unwrap_or_default(),
                &variable("COLORTERM").unwrap_or_default(),
            ),
            background: background
                .unwrap_or_else(|| background_of(&variable("COLORFGBG").unwrap_or_default())),
        }
    }

    /// The colour itself: Okabe and Ito's palette, on a light background without its yellow and darker where it is pale.
    pub(crate) fn color(self, ink: Ink) -> Color {
        let is_light = self.background == Background::Light;
        let on = |dark, light| if is_light { light } else { dark };
        let (rgb, index, named) = match ink {
            Ink::Stable => on(
                (0x3d_9b_e0, 68, Color::LightBlue),
                (0x00_72_b2, 25, Color::Blue),
            ),
            Ink::Saddle => (0xd5_5e_00, 166, Color::Red),
            Ink::Repeller => on(
                (0xcc_79_a7, 175, Color::Magenta),
                (0xa0_4d_7d, 132, Color::Magenta),
            ),
            Ink::Marginal | Ink::Event | Ink::Warning => on(
                (0xe6_9f_00, 178, Color::Yellow),
                (0x9a_6a_00, 94, Color::Magenta),
            ),
            Ink::Trajectory => on(
                (0x6c_75_80, 243, Color::DarkGray),
                (0x9a_a0_a6, 247, Color::Gray),
            ),
            Ink::Flow => on(
                (0x4a_6a_5a, 65, Color::DarkGray),
                (0x8f_b8_a4, 108, Color::Gray),
            ),
            Ink::Faint => on(
                (0x8a_8f_96, 245, Color::DarkGray),
                (0x5f_63_68, 241, Color::DarkGray),
            ),
            Ink::Loss => on((0x56_b4_e9, 74, Color::Cyan), (0x1b_78_b0, 31, Color::Blue)),
            Ink::Accuracy => on(
                (0x00_b0_80, 36, Color::Green),
                (0x00_7a_59, 29, Color::Green),
            ),
            Ink::Playhead => return Color::Reset,
            Ink::Run(slot) => match slot % 6 {
                0 => on((0x56_b4_e9, 74, Color::Cyan), (0x1b_78_b0, 31, Color::Blue)),
                1 => on(
                    (0xe6_9f_00, 178, Color::Yellow),
                    (0x9a_6a_00, 94, Color::Red),
                ),
                2 => on(
                    (0x00_b0_80, 36, Color::Green),
                    (0x00_7a_59, 29, Color::Green),
                ),
                3 => on(
                    (0xcc_79_a7, 175, Color::LightMagenta),
                    (0xa0_4d_7d, 132, Color::Magenta),
                ),
                4 => (0xd5_5e_00, 166, Color::Red),
                _ => on(
                    (0xf0_e4_42, 227, Color::White),
                    (0x40_40_40, 238, Color::Black),
                ),
            },
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

    /// The same, bold.
    pub(crate) fn bold(self, ink: Ink) -> Style {
        self.style(ink).add_modifier(Modifier::BOLD)
    }

    /// Style of a kind of fixed point.
    pub(crate) fn kind(self, kind: PointKind) -> Style {
        self.style(match kind {
            PointKind::StableNode | PointKind::StableFocus => Ink::Stable,
            PointKind::Saddle => Ink::Saddle,
            PointKind::Repeller => Ink::Repeller,
            PointKind::Marginal => Ink::Marginal,
        })
    }

    /// The sign of a kind of fixed point.
    pub(crate) fn sign(self, kind: PointKind) -> &'static str {
        let (unicode, ascii) = match kind {
            PointKind::StableNode => ("●", "*"),
            PointKind::StableFocus => ("◉", "@"),
            PointKind::Saddle => ("◇", "x"),
            PointKind::Repeller => ("○", "o"),
            PointKind::Marginal => ("◐", "%"),
        };
        if self.ascii { ascii } else { unicode }
    }

    /// The sign of a fixed point; saddles have the number of their unstable directions beside it.
    pub(crate) fn point(self, kind: PointKind, n_unstable: u16) -> String {
        let sign = self.sign(kind);
        if kind == PointKind::Saddle {
            format!("{sign}{n_unstable}")
        } else {
            sign.to_owned()
        }
    }

    /// The sign of a slow point.
    pub(crate) fn slow_point(self) -> &'static str {
        if self.ascii { "." } else { "·" }
    }

    /// `▲ fold ×8, ■ branch point`.
    pub(crate) fn events(self, codes: &[(Code, usize)]) -> String {
        let one = |&(code, count): &(Code, usize)| {
            let (sign, name) = (self.event(code), code.name());
            match count {
                1 => format!("{sign} {name}"),
                _ => format!("{sign} {name} ×{count}"),
            }
        };
        let all: Vec<String> = codes.iter().map(one).collect();
        all.join(", ")
    }

    /// The sign of what happened.
    pub(crate) fn event(self, code: Code) -> &'static str {
        let (unicode, ascii) = match code {
            Code::Fold => ("▲", "^"),
            Code::Doubling => ("▼", "v"),
            Code::Torus => ("◆", "#"),
            Code::Branch => ("■", "="),
            Code::Border => ("◧", "|"),
            Code::Infinity => ("∞", "8"),
            Code::Global => ("✱", "&"),
            Code::Unclassed => ("?", "?"),
            Code::Born => ("+", "+"),
            Code::Vanished => ("−", "-"),
            Code::Mark => ("⚑", "m"),
        };
        if self.ascii { ascii } else { unicode }
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

fn depth(no_color: bool, terminal: &str, color_terminal: &str) -> Depth {
    if no_color || terminal == "dumb" {
        Depth::None
    } else if ["truecolor", "24bit"].contains(&color_terminal) || terminal.ends_with("-direct") {
        Depth::True
    } else if terminal.contains("256color") {
        Depth::Indexed
    } else {
        Depth::Named
    }
}

/// `COLORFGBG` is `foreground;background`, both of the 16 colours; without it most terminals are dark.
fn background_of(colors: &str) -> Background {
    let background = colors
        .rsplit(';')
        .next()
        .and_then(|last| last.parse::<u8>().ok());
    match background {
        Some(7 | 9..=15) => Background::Light,
        _ => Background::Dark,
    }
}

fn ascii_of(character: char) -> char {
    match character {
        '─' | '−' | '–' | '━' | '╌' | '▃' | '▄' | '▅' => '-',
        '│' | '█' | '┃' | '◧' => '|',
        '┌' | '┐' | '└' | '┘' | '┴' | '┬' | '├' | '┤' | '┼' | '✓' => '+',
        '·' | '…' | '•' | '▁' | '▂' => '.',
        '▆' | '▇' | '■' => '=',
        '←' => '<',
        '→' | '▸' => '>',
        '↑' | '▲' => '^',
        '↓' | '▼' => 'v',
        'λ' => 'l',
        '×' => 'x',
        '±' => '~',
        '◆' => '#',
        '∞' => '8',
        '●' => '*',
        '“' | '”' => '"',
        _ => '?',
    }
}

/// `1 fixed point`, `27 fixed points`.
pub(crate) fn counted(number: usize, one: &str) -> String {
    match number {
        1 => format!("1 {one}"),
        _ => format!("{number} {one}s"),
    }
}

/// A text in at most so many characters; `…` stands for what is left out.
pub(crate) fn fitted(text: &str, width: u16) -> String {
    let width = usize::from(width);
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let kept = text.chars().take(width.saturating_sub(1));
    kept.chain(Some('…').filter(|_| width > 0)).collect()
}

/// The name of a run in at most so many characters, its end kept, where names of a population differ; `…` stands for what is left
/// out of its middle.
pub(crate) fn fitted_name(name: &str, width: u16) -> String {
    let (count, width) = (name.chars().count(), usize::from(width));
    if count <= width {
        return name.to_owned();
    }
    let kept = width.saturating_sub(1);
    let (first, last) = (kept / 3, kept - kept / 3);
    let begin = name.chars().take(first);
    let end = name.chars().skip(count - last);
    begin
        .chain(Some('…').filter(|_| width > 0))
        .chain(end)
        .collect()
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

    #[test]
    fn texts_are_cut_to_their_room() {
        assert_eq!(
            ["", "a", "ab…", "abcd"].map(|text| fitted(text, 4)),
            ["", "a", "ab…", "abcd"]
        );
        assert_eq!(
            [0, 1, 3].map(|width| fitted("abcde", width)),
            ["", "…", "ab…"]
        );
    }

    #[test]
    fn names_keep_their_ends() {
        let name = "flip-flop,gru,seed=12";
        assert_eq!(fitted_name(name, 30), name);
        assert_eq!(fitted_name(name, 14), "flip…u,seed=12");
        assert_eq!(
            [0, 1, 2].map(|width| fitted_name("abcde", width)),
            ["", "…", "…e"]
        );
    }

    #[test]
    fn the_environment_decides_on_colours() {
        assert_eq!(depth(true, "xterm-256color", "truecolor"), Depth::None);
        assert_eq!(depth(false, "dumb", ""), Depth::None);
        assert_eq!(depth(false, "xterm-256color", "truecolor"), Depth::True);
        assert_eq!(depth(false, "screen-256color", ""), Depth::Indexed);
        assert_eq!(depth(false, "linux", ""), Depth::Named);
        assert_eq!(background_of("0;15"), Background::Light);
        assert_eq!(background_of("15;0"), Background::Dark);
        assert_eq!(background_of(""), Background::Dark);
    }
}
