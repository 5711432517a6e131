//! The pairs as comma-separated values (RFC 4180).

use std::fmt::Write as _;

use creode::comparison::runs::{Comparison, PairSummary};

/// One line a pair, one column a measure; empty where a measure makes no sense.
pub(super) fn pairs(comparison: &Comparison, pairs: &[PairSummary]) -> String {
    let mut text = "run_a,run_b,group_a,group_b,end,path,first_events_shared".to_owned();
    for of in &comparison.distances {
        let _ = write!(text, ",{}", quoted(&of.measure));
    }
    text.push('\n');
    for pair in pairs {
        let [a, b] = pair.places.map(|place| &comparison.runs[place]);
        let _ = write!(
            text,
            "{},{},{},{},{},{},{}",
            quoted(&a.name),
            quoted(&b.name),
            quoted(&a.group),
            quoted(&b.group),
            pair.end.name(),
            pair.path.name(),
            pair.first_events_shared
        );
        for distance in &pair.distances {
            match distance {
                Ok(value) => {
                    let _ = write!(text, ",{value}");
                }
                Err(_) => text.push(','),
            }
        }
        text.push('\n');
    }
    text
}

/// In quotation marks where it holds any, a comma or a line end.
pub(super) fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn commas_and_quotation_marks_are_quoted() {
        assert_eq!(quoted("plain"), "plain");
        assert_eq!(quoted("a,b"), "\"a,b\"");
        assert_eq!(quoted("say \"a\""), "\"say \"\"a\"\"\"");
    }
}
