//! Words for the user on stderr, data on stdout: the one way out to a terminal, with what others have written escaped.
//!
//! Talk is never a reason to stop: where stderr is closed or full, it is lost. Data that cannot be written are an error.

use std::io::{self, Write as _};

use anyhow::Context as _;
use creode::text::{escaped_json, escaped_lines};

/// Says a line, or several, as `format!` would put them.
macro_rules! say {
    ($($words:tt)*) => {
        $crate::say::line(&format!($($words)*))
    };
}
pub(crate) use say;

/// Says one or several lines.
pub(crate) fn line(text: &str) {
    let text = format!("{}\n", escaped_lines(text));
    // One call a line: what several threads say is not mixed.
    io::stderr().write_all(text.as_bytes()).ok();
}

/// An error and its causes, without those that it names itself.
pub(crate) fn in_words(error: &anyhow::Error) -> String {
    let mut words = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !words.contains(&cause) {
            words.push_str(": ");
            words.push_str(&cause);
        }
    }
    words
}

/// Prints text for people on stdout.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    write(escaped_lines(text).as_bytes())
}

/// Prints JSON on stdout.
pub(crate) fn print_json(text: &str) -> anyhow::Result<()> {
    write(escaped_json(text).as_bytes())
}

/// Prints what was made here of safe parts, as it is: colours, pictures.
pub(crate) fn print_as_is(text: &str) -> anyhow::Result<()> {
    write(text.as_bytes())
}

fn write(bytes: &[u8]) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)
        .and_then(|()| out.flush())
        .context("cannot write to stdout")
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::in_words;

    #[test]
    fn a_cause_is_said_once() {
        let error = anyhow!("disk full").context("cannot write a.txt: disk full; nothing is lost");
        assert_eq!(
            in_words(&error),
            "cannot write a.txt: disk full; nothing is lost"
        );
        let error = anyhow!("disk full")
            .context("cannot write a.txt")
            .context("stopped");
        assert_eq!(in_words(&error), "stopped: cannot write a.txt: disk full");
    }
}
