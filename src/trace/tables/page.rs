//! Whether `docs/TRACE.md` tells the columns as they are declared.
//!
//! On the page, what stands between `<!-- columns of NAME -->` and `<!-- end of columns -->` is made here, of the declaration
//! of the table; the rest is written by hand. `CREODE_UPDATE_DOCS=1 cargo test --lib page` writes the page anew; it adds a
//! section for a table that has none.

use std::fmt::Write as _;

use arrow_schema::DataType;

use super::Table;
use super::cells::Described;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/TRACE.md");
const WRITE: &str = "CREODE_UPDATE_DOCS";
const END: &str = "<!-- end of columns -->\n";

#[test]
fn the_page_tells_the_columns_as_they_are_declared() {
    let page = std::fs::read_to_string(PAGE).expect("docs/TRACE.md");
    let current = Table::ALL
        .into_iter()
        .fold(page.clone(), |page, table| with_columns(&page, table));
    if std::env::var_os(WRITE).is_some() {
        std::fs::write(PAGE, current).expect("docs/TRACE.md can be written");
        return;
    }
    let differs = |(is, should_be): &(&str, &str)| is != should_be;
    let first = page.lines().zip(current.lines()).find(differs);
    assert!(
        page == current,
        "docs/TRACE.md does not tell the columns as they are declared, first here: {first:?}; \
         `{WRITE}=1 cargo test --lib page` writes it anew"
    );
}

#[test]
fn a_table_that_the_page_lacks_gets_a_section_behind_the_others() {
    let page = format!("<!-- columns of steps -->\nold\n{END}\nbehind");
    let with_both = with_columns(&with_columns(&page, Table::Steps), Table::Spectra);
    assert!(!with_both.contains("old") && with_both.ends_with("behind"));
    let (steps, spectra) = with_both.split_once("### `spectra`").expect("a section");
    assert!(steps.contains("| `wall_secs` | f64 | s | Time spent in training"));
    assert!(spectra.contains("One eigenvalue of one fixed point."));
    assert!(spectra.contains("| `rank` | u16 | | Rank by modulus"));
}

/// The page with the columns of a table as they are declared.
fn with_columns(page: &str, table: Table) -> String {
    let begin = format!("<!-- columns of {} -->\n", table.name());
    let Some(from) = page.find(&begin) else {
        let behind = page.rfind(END).map_or(page.len(), |at| at + END.len());
        let (name, about) = (table.name(), table.about());
        let section = format!("\n### `{name}`\n\n{about}\n\n{begin}{END}");
        let with_section = [&page[..behind], &section, &page[behind..]].concat();
        return with_columns(&with_section, table);
    };
    let from = from + begin.len();
    let to = page[from..].find(END).map_or(page.len(), |at| from + at);
    [&page[..from], &columns_of(table), &page[to..]].concat()
}

fn columns_of(table: Table) -> String {
    let mut text = "| column | type | unit | meaning |\n|---|---|---|---|\n".to_owned();
    for column in table.columns() {
        let unit = match column.unit {
            "1" => String::new(),
            unit => format!(" {unit}"),
        };
        let (name, description) = (column.name, column.description);
        let _ = writeln!(
            text,
            "| `{name}` | {} |{unit} | {description} |",
            type_of(&column)
        );
    }
    text
}

fn type_of(column: &Described) -> String {
    let null = if column.is_nullable { " or null" } else { "" };
    let later = if column.is_later { ", later" } else { "" };
    format!("{}{null}{later}", in_words(&column.data_type))
}

fn in_words(data_type: &DataType) -> String {
    match data_type {
        DataType::Int8 => "i8".to_owned(),
        DataType::Int32 => "i32".to_owned(),
        DataType::UInt16 => "u16".to_owned(),
        DataType::UInt32 => "u32".to_owned(),
        DataType::UInt64 => "u64".to_owned(),
        DataType::Float64 => "f64".to_owned(),
        DataType::Utf8 => "text".to_owned(),
        DataType::List(of) if *of.data_type() == DataType::Float64 => "vector".to_owned(),
        DataType::List(of) => format!("list of {}", in_words(of.data_type())),
        DataType::FixedSizeList(of, count) => format!("{count} {}", in_words(of.data_type())),
        other => other.to_string(),
    }
}
