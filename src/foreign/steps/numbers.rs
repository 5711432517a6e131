//! The numbers in a name, and the words that they stand at.

use serde::{Deserialize, Serialize};

/// On which side of a number the word stands that says what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// `step_100`.
    Before,
    /// `100_steps`.
    After,
}

/// Which of the numbers of a name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Slot {
    /// The word that it stands at, in lower case; empty at the beginning of a name.
    pub word: String,
    /// Where the word stands.
    pub side: Side,
    /// How many numbers stand between the two.
    pub nth: usize,
}

impl Slot {
    /// How much it says that its number is a training step: a word speaks for the number next to it alone.
    pub(super) fn rank(&self) -> Rank {
        if self.nth == 0 {
            rank(&self.word)
        } else {
            Rank::Other
        }
    }

    pub(super) fn describe(&self) -> String {
        let which = match self.nth {
            0 => "number".to_owned(),
            1 => "second number".to_owned(),
            2 => "third number".to_owned(),
            nth => format!("{}th number", nth + 1),
        };
        let word = crate::text::escaped(&self.word);
        match self.side {
            _ if self.word.is_empty() && self.nth == 0 => "the first number".to_owned(),
            _ if self.word.is_empty() => format!("the {which}"),
            Side::Before => format!("the {which} after `{word}`"),
            Side::After => format!("the {which} before `{word}`"),
        }
    }
}

/// How much a word says that its number is a training step; less is more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    Step,
    Iteration,
    Update,
    Epoch,
    Checkpoint,
    Other,
    /// It is something else.
    Never,
}

/// Words of each rank.
const WORDS: [(Rank, &[&str]); 6] = [
    (Rank::Step, &["step", "steps"]),
    (
        Rank::Iteration,
        &["iter", "iters", "iteration", "iterations", "it"],
    ),
    (Rank::Update, &["update", "updates", "upd"]),
    (Rank::Epoch, &["epoch", "epochs", "ep"]),
    (
        Rank::Checkpoint,
        &["checkpoint", "checkpoints", "ckpt", "chkpt", "cp"],
    ),
    (Rank::Never, NEVER),
];

/// Words whose numbers belong to a training as a whole: where they differ there are several trainings.
pub(super) const OF_A_TRAINING: [&str; 7] =
    ["seed", "run", "fold", "rep", "trial", "worker", "rank"];

const NEVER: &[&str] = &[
    "seed", "run", "fold", "rep", "trial", "worker", "rank", "loss", "acc", "accuracy", "lr", "of",
    "v", "version", "size", "dim", "hidden", "units", "layer", "layers", "width", "gpu",
];

/// What a word says of its number. Long words of a rank may have others before them: `globalstep`.
fn rank(word: &str) -> Rank {
    let is_so = |known: &&str| word == *known || (known.len() >= 4 && word.ends_with(*known));
    let of = WORDS.iter().find(|(_, words)| words.iter().any(is_so));
    of.map_or(Rank::Other, |(rank, _)| *rank)
}

/// A number in a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Number {
    pub(super) slot: Slot,
    /// As it is written.
    pub(super) text: String,
    /// Its first byte in the name.
    pub(super) at: usize,
    /// Its value, if it is whole.
    pub(super) value: Option<u64>,
}

impl Number {
    /// Its slot, if it could be a step.
    pub(super) fn candidate(&self) -> Option<&Slot> {
        let could_be = self.value.is_some() && self.slot.rank() != Rank::Never;
        could_be.then_some(&self.slot)
    }
}

/// The name without its ending.
pub(super) fn stem(name: &str) -> &str {
    let file = name.rfind('/').map_or(0, |slash| slash + 1);
    match name[file..].rfind('.') {
        Some(dot) if dot > 0 => &name[..file + dot],
        _ => name,
    }
}

/// The numbers of a name without its ending, in order.
///
/// 1. A run of digits is a number: with a fraction a decimal, with more than one point a version, both of no whole value;
///    `1e3` and `1.5e3` are 1000 and 1500, `20k` is 20000, `3M` is 3000000.
/// 2. Its word is the last run of letters before it, over separators and other numbers.
/// 3. `steps`, `iters`, `epochs` and their like may stand behind, unless a number follows them or such a word stands before.
pub(super) fn numbers(name: &str) -> Vec<Number> {
    let stem = stem(name);
    let bytes = stem.as_bytes();
    let mut found: Vec<Number> = Vec::new();
    let (mut word, mut nth) = ("", 0);
    let mut at = 0;
    while at < bytes.len() {
        if is_letter(bytes[at]) {
            let end = run(bytes, at, is_letter);
            (word, nth) = (&stem[at..end], 0);
            at = end;
        } else if bytes[at].is_ascii_digit() {
            let (end, value) = number(stem, at);
            found.push(Number {
                slot: slot(stem, end, word, nth),
                text: stem[at..end].to_owned(),
                at,
                value,
            });
            nth += 1;
            at = end;
        } else {
            at += 1;
        }
    }
    found
}

fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || !byte.is_ascii()
}

/// Where a run of bytes that begins at a place ends.
fn run(bytes: &[u8], from: usize, is_of_run: fn(u8) -> bool) -> usize {
    let rest = bytes[from..].iter();
    from + rest.take_while(|byte| is_of_run(**byte)).count()
}

fn digits(bytes: &[u8], from: usize) -> usize {
    run(bytes, from, |byte| byte.is_ascii_digit())
}

/// Where the number that begins at a place ends, and its value if it is whole.
fn number(stem: &str, at: usize) -> (usize, Option<u64>) {
    let bytes = stem.as_bytes();
    let mut end = digits(bytes, at);
    let mut points = 0;
    while bytes.get(end) == Some(&b'.') && bytes.get(end + 1).is_some_and(u8::is_ascii_digit) {
        end = digits(bytes, end + 1);
        points += 1;
    }
    let mantissa = &stem[at..end];
    if points > 1 {
        return (end, None);
    }
    // Letters before, as in a hash, make `1e3` something else.
    let is_by_itself = at == 0 || !is_letter(bytes[at - 1]) || {
        let letters = bytes[..at]
            .iter()
            .rev()
            .take_while(|byte| is_letter(**byte));
        rank(&stem[at - letters.count()..at].to_lowercase()) < Rank::Other
    };
    if let Some((after, power)) = exponent(bytes, end)
        && is_by_itself
    {
        return (after, scaled(mantissa, power));
    }
    if points > 0 {
        return (end, None);
    }
    let is_last = |at: usize| {
        bytes
            .get(at)
            .is_none_or(|byte| !byte.is_ascii_alphanumeric())
    };
    let power = match bytes.get(end) {
        Some(b'k' | b'K') if is_last(end + 1) => 3,
        Some(b'M') if is_last(end + 1) => 6,
        _ => return (end, mantissa.parse().ok()),
    };
    (end + 1, scaled(mantissa, power))
}

/// An exponent that begins at a place: where it ends, and its value.
fn exponent(bytes: &[u8], at: usize) -> Option<(usize, i32)> {
    let sign = match (bytes.get(at)?, bytes.get(at + 1)?) {
        (b'e' | b'E', b'-') => -1,
        (b'e' | b'E', b'+') => 1,
        (b'e' | b'E', _) => 0,
        _ => return None,
    };
    let from = at + 1 + usize::from(sign != 0);
    let end = digits(bytes, from);
    let is_over = bytes
        .get(end)
        .is_none_or(|byte| !byte.is_ascii_alphanumeric());
    let value: i32 = std::str::from_utf8(&bytes[from..end]).ok()?.parse().ok()?;
    is_over.then_some((end, if sign < 0 { -value } else { value }))
}

/// A decimal times a power of ten, if it is whole.
fn scaled(mantissa: &str, power: i32) -> Option<u64> {
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let fraction = fraction.trim_end_matches('0');
    let zeros = usize::try_from(power).ok()?.checked_sub(fraction.len())?;
    let digits = format!("{whole}{fraction}");
    digits
        .parse::<u64>()
        .ok()?
        .checked_mul(10_u64.checked_pow(u32::try_from(zeros).ok()?)?)
}

/// The slot of a number that ends at a place, given the word before it and how many numbers stand between.
fn slot(stem: &str, end: usize, before: &str, nth: usize) -> Slot {
    let before = Slot {
        word: before.to_lowercase(),
        side: Side::Before,
        nth,
    };
    if before.rank() <= Rank::Epoch {
        return before;
    }
    let bytes = stem.as_bytes();
    let is_separator = |at: usize| matches!(bytes.get(at), Some(b'_' | b'-' | b' ' | b'.' | b'='));
    let from = end + usize::from(is_separator(end));
    let to = run(bytes, from.min(bytes.len()), is_letter);
    let after = stem.get(from..to).unwrap_or_default().to_lowercase();
    let next = to + usize::from(is_separator(to));
    let is_of_another = bytes.get(next).is_some_and(u8::is_ascii_digit);
    if !after.is_empty() && rank(&after) <= Rank::Epoch && !is_of_another {
        return Slot {
            word: after,
            side: Side::After,
            nth: 0,
        };
    }
    before
}
