//! Tables for people.

/// A number with its noun.
pub(crate) fn count(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

/// Numbers with their signs, to three decimals.
pub(super) fn vector(values: &[f64]) -> String {
    let parts: Vec<String> = values.iter().map(|x| format!("{x:+.3}")).collect();
    parts.join(" ")
}

/// Columns padded to their widest cell; all rows must be equally wide.
pub(crate) fn aligned<R: AsRef<[String]>>(table: &[R]) -> Vec<String> {
    let columns = table.first().map_or(0, |row| row.as_ref().len());
    let width = |column: usize| {
        let cells = table.iter().map(|row| row.as_ref()[column].chars().count());
        cells.max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |row: &R| {
        let cells = row.as_ref().iter().zip(&widths);
        let padded: Vec<String> = cells
            .map(|(cell, &width)| format!("{cell:<width$}"))
            .collect();
        padded.join("  ").trim_end().to_owned()
    };
    table.iter().map(line).collect()
}
