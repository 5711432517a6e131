//! Text in columns, for terminals of 80 columns.

/// Columns of the output.
pub(super) const WIDTH: usize = 80;

/// How to write.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style {
    /// With colours.
    pub(super) colour: bool,
    /// With ASCII characters only.
    pub(super) ascii: bool,
}

impl Style {
    /// Text in a colour, given as its number in ANSI escapes.
    pub(super) fn paint(self, text: &str, code: u8) -> String {
        if self.colour && !text.is_empty() {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }

    /// A bold word with a text behind it.
    pub(super) fn heading(self, title: &str, text: &str) -> String {
        let gap = if text.is_empty() { "" } else { "  " };
        format!("{}{gap}{}", self.paint(title, 1), self.plain(text))
    }

    /// Rows whose last column is wrapped into what is left of the line; the first is coloured.
    pub(super) fn table<const COLUMNS: usize>(
        self,
        rows: &[[&str; COLUMNS]],
        indent: &str,
    ) -> String {
        let rows: Vec<[String; COLUMNS]> = rows
            .iter()
            .map(|row| row.map(|cell| self.plain(cell)))
            .collect();
        let widths: Vec<usize> = (0..COLUMNS - 1)
            .map(|column| {
                rows.iter()
                    .map(|row| row[column].chars().count())
                    .max()
                    .unwrap_or(0)
            })
            .collect();
        // Columns without anything in them take no room.
        let gaps = widths.iter().filter(|width| **width > 0).count() * 2;
        let left = indent.len() + widths.iter().sum::<usize>() + gaps;
        let mut output = String::new();
        for row in &rows {
            output += indent;
            for (column, width) in widths.iter().enumerate().filter(|(_, width)| **width > 0) {
                let cell = &row[column];
                let padding = " ".repeat(width - cell.chars().count() + 2);
                let cell = if column == 0 {
                    self.paint(cell, 36)
                } else {
                    cell.clone()
                };
                output.extend([cell, padding]);
            }
            let lines = wrapped(&row[COLUMNS - 1], WIDTH - left);
            output += &lines.join(&format!("\n{}", " ".repeat(left)));
            output.truncate(output.trim_end().len());
            output.push('\n');
        }
        output
    }

    /// The text without what is not ASCII, if that is asked for.
    pub(super) fn plain(self, text: &str) -> String {
        if !self.ascii {
            return text.to_owned();
        }
        let spelled = |c: char| match c {
            '√' => "sqrt ".to_owned(),
            '−' => "-".to_owned(),
            'π' => " pi".to_owned(),
            'τ' => "tau".to_owned(),
            '²' => "^2".to_owned(),
            '°' => " deg".to_owned(),
            c if c.is_ascii() => c.to_string(),
            _ => "?".to_owned(),
        };
        text.chars().map(spelled).collect()
    }
}

/// The text in lines of at most `width` characters, broken between words.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let last = lines.len() - 1;
        let length = lines[last].chars().count();
        if length == 0 {
            lines[last] += word;
        } else if length + 1 + word.chars().count() <= width {
            lines[last].extend([" ", word]);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_between_words() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("", 7), [""]);
    }

    #[test]
    fn every_description_can_be_spelled_in_ascii() {
        let style = Style {
            colour: false,
            ascii: true,
        };
        for spec in creode::task::TaskSpec::all() {
            let about = spec.task().about();
            let parameters = about
                .parameters
                .iter()
                .flat_map(|about| [about.unit, about.meaning]);
            for text in parameters.chain([about.summary, about.source, about.accuracy]) {
                let plain = style.plain(text);
                assert!(!plain.contains('?'), "{text}");
            }
        }
    }
}
