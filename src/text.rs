//! Text that came from elsewhere, made safe to print and to draw: names in files, lines of files, paths.
//!
//! A terminal obeys what it is sent, so a tensor that is named after an escape sequence can clear the screen, and an SVG
//! with a control character in it is no XML. Whatever was written by others goes through here on its way out.

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::path::Path;

/// Whether a character does something other than being seen: it moves the cursor, is invisible, or turns the direction of
/// what stands beside it.
pub fn is_unprintable(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{fffe}'..='\u{ffff}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

/// The text with `\u{1b}` in place of an escape character, and likewise for all that is unprintable, line ends among it.
pub fn escaped(text: &str) -> Cow<'_, str> {
    escaped_but_for(text, |_| false)
}

/// The same for a text of several lines, whose line ends stay.
pub fn escaped_lines(text: &str) -> Cow<'_, str> {
    escaped_but_for(text, |character| character == '\n')
}

fn escaped_but_for(text: &str, is_kept: impl Fn(char) -> bool) -> Cow<'_, str> {
    let is_escaped = |character: char| is_unprintable(character) && !is_kept(character);
    if !text.contains(is_escaped) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        if is_escaped(character) {
            safe.extend(character.escape_default());
        } else {
            safe.push(character);
        }
    }
    Cow::Owned(safe)
}

/// JSON with all that is unprintable in its strings written as `\u....`; its meaning stays.
pub fn escaped_json(json: &str) -> Cow<'_, str> {
    // What is below a space is escaped already, or is the line ends between values.
    let is_escaped = |character: char| is_unprintable(character) && character >= '\u{7f}';
    if !json.contains(is_escaped) {
        return Cow::Borrowed(json);
    }
    let mut safe = String::with_capacity(json.len() + 16);
    for character in json.chars() {
        if is_escaped(character) {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                let _ = write!(safe, "\\u{unit:04x}");
            }
        } else {
            safe.push(character);
        }
    }
    Cow::Owned(safe)
}

/// A path as it may be printed.
pub fn shown(path: &Path) -> Shown<'_> {
    Shown(path)
}

/// A path that displays with all that is unprintable escaped.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a>(&'a Path);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&escaped(&self.0.to_string_lossy()))
    }
}

/// Messages shown of a longer list.
const MESSAGES_SHOWN: usize = 20;

/// The first messages of a list, one a line, and how many more there are.
pub fn first_messages(messages: impl IntoIterator<Item = String>, count: usize) -> String {
    let mut lines: Vec<String> = messages.into_iter().take(MESSAGES_SHOWN).collect();
    if count > lines.len() {
        lines.push(format!("and {} more", count - lines.len()));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_seen_instead() {
        let hostile = "w\u{1b}]0;owned\u{7}\u{1b}[2J\u{9b}31m\u{202e}\n";
        let safe = escaped(hostile);
        assert!(!safe.contains(is_unprintable), "{safe:?}");
        assert!(safe.starts_with("w\\u{1b}]0;owned\\u{7}"), "{safe}");
        assert!(safe.ends_with("\\u{202e}\\n"), "{safe}");
        assert!(escaped_lines(hostile).ends_with("\\u{202e}\n"));
        assert!(matches!(escaped("½ σ 重み"), Cow::Borrowed(_)));
        assert_eq!(shown(Path::new("a\u{1b}[2Jb")).to_string(), "a\\u{1b}[2Jb");
    }

    #[test]
    fn json_keeps_its_meaning() -> Result<(), serde_json::Error> {
        let value = serde_json::json!({ "name\u{9b}": "\u{1b}[2J \u{202e} \u{e0041} é" });
        let text = format!("{value:#}");
        let safe = escaped_json(&text);
        assert!(!safe.replace('\n', "").contains(is_unprintable), "{safe}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&safe)?, value);
        Ok(())
    }

    #[test]
    fn long_lists_are_cut_and_say_so() {
        let messages = |count: usize| first_messages((0..count).map(|n| n.to_string()), count);
        assert_eq!(messages(20).lines().count(), 20);
        assert_eq!(messages(40_000).lines().last(), Some("and 39980 more"));
    }
}
