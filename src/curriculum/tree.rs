//! The values of a curriculum file, each with the place it comes from.
//!
//! Values keep the place that they came from, a line or an override, through all checks, so that a mistake found
//! late still names it.

use std::collections::BTreeMap;

use toml::de::{DeTable, DeValue};

use super::error::{KeyPlace, Mistakes, quoted_list};
use super::overrides::{Override, parse_value};

/// A value and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) place: KeyPlace,
    pub(super) value: Value,
}

/// A TOML value; dates and times are of no use here and kept as text.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Text(String),
    Integer(i128),
    Real(f64),
    Flag(bool),
    DateTime(String),
    List(Vec<Node>),
    Table(Table),
}

pub(super) type Table = BTreeMap<String, Node>;

impl Value {
    /// The value as a message names it.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Text(text) => format!("the string {text:?}"),
            Self::Integer(integer) => format!("the integer {integer}"),
            Self::Real(real) => format!("the number {real:?}"),
            Self::Flag(flag) => format!("{flag}"),
            Self::DateTime(text) => format!("the date or time {text}"),
            Self::List(nodes) => format!("an array of {}", nodes.len()),
            Self::Table(_) => "a table".to_owned(),
        }
    }
}

/// Parses the file and sets the overrides. `None` if the file is not valid TOML.
pub(super) fn parse(text: &str, overrides: &[Override], mistakes: &Mistakes) -> Option<Table> {
    let lines = Lines::new(text);
    let (document, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let line = lines.at(error.span().map_or(text.len(), |span| span.start));
        let problem = format!(
            "not valid TOML: {}; found `{}`",
            error.message(),
            beginning(lines.text(text, line))
        );
        mistakes.add(&KeyPlace::Line(line), "", problem);
    }
    if !errors.is_empty() {
        return None;
    }
    let mut root = table(document.get_ref(), &|offset| {
        KeyPlace::Line(lines.at(offset))
    });
    for change in overrides {
        set(&mut root, change, mistakes);
    }
    Some(root)
}

/// Byte offsets at which the lines of a text start.
struct Lines(Vec<usize>);

impl Lines {
    fn new(text: &str) -> Self {
        Self(
            std::iter::once(0)
                .chain(text.match_indices('\n').map(|(offset, _)| offset + 1))
                .collect(),
        )
    }

    /// The text of a line, counted from 1.
    fn text<'a>(&self, text: &'a str, line: usize) -> &'a str {
        let start = |line: usize| self.0.get(line).copied().unwrap_or(text.len());
        text.get(start(line - 1)..start(line)).unwrap_or_default()
    }

    /// Line of a byte offset, from 1.
    fn at(&self, offset: usize) -> usize {
        self.0.partition_point(|start| *start <= offset)
    }
}

/// As much of a line as a message needs.
fn beginning(line: &str) -> String {
    const MOST_CHARACTERS: usize = 120;
    let line = line.trim();
    match line.char_indices().nth(MOST_CHARACTERS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

fn table(source: &DeTable<'_>, place_at: &dyn Fn(usize) -> KeyPlace) -> Table {
    source
        .iter()
        .map(|(key, value)| {
            // A section's value spans its header; other values may start below their key.
            let place = place_at(key.span().start);
            (
                key.get_ref().to_string(),
                Node {
                    place,
                    value: node_value(value.get_ref(), place_at),
                },
            )
        })
        .collect()
}

fn node_value(source: &DeValue<'_>, place_at: &dyn Fn(usize) -> KeyPlace) -> Value {
    match source {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(integer) => {
            // Beyond 128 bits all that matters is that it is out of every range.
            let value = i128::from_str_radix(integer.as_str(), integer.radix());
            Value::Integer(value.unwrap_or(if integer.as_str().starts_with('-') {
                i128::MIN
            } else {
                i128::MAX
            }))
        }
        DeValue::Float(real) => Value::Real(real.as_str().parse().unwrap_or(f64::NAN)),
        DeValue::Boolean(flag) => Value::Flag(*flag),
        DeValue::Datetime(date) => Value::DateTime(date.to_string()),
        DeValue::Array(items) => Value::List(
            items
                .iter()
                .map(|item| Node {
                    place: place_at(item.span().start),
                    value: node_value(item.get_ref(), place_at),
                })
                .collect(),
        ),
        DeValue::Table(entries) => Value::Table(table(entries, place_at)),
    }
}

/// Sets one override, creating the tables on its way.
fn set(root: &mut Table, change: &Override, mistakes: &Mistakes) {
    let place = KeyPlace::Override(change.to_string());
    let value = match parse_value(&change.value) {
        Ok(value) => node_value(&value, &|_| place.clone()),
        Err(reason) => {
            return mistakes.add(
                &place,
                &change.key,
                format!("the value is no TOML: {reason}"),
            );
        }
    };
    let mut parts: Vec<&str> = change.key.split('.').collect();
    let Some(last) = parts.pop() else { return };
    let mut path = String::new();
    let mut here = root;
    let mut parts = parts.into_iter();
    while let Some(part) = parts.next() {
        path = if path.is_empty() {
            part.to_owned()
        } else {
            format!("{path}.{part}")
        };
        let empty = || Node {
            place: place.clone(),
            value: Value::Table(Table::new()),
        };
        let node = here.entry(part.to_owned()).or_insert_with(empty);
        let value = match &mut node.value {
            Value::List(items) => {
                let Some(index) = parts.next() else {
                    let problem = format!(
                        "a whole {part} cannot be set; set its keys one by one: `{path}.0.KEY=VALUE`"
                    );
                    return mistakes.add(&place, path, problem);
                };
                path = format!("{path}.{index}");
                let count = items.len();
                match index
                    .parse::<usize>()
                    .ok()
                    .and_then(|index| items.get_mut(index))
                {
                    Some(item) => &mut item.value,
                    None => return mistakes.add(&place, path, no_such_item(part, index, count)),
                }
            }
            other => other,
        };
        match value {
            Value::Table(inner) => here = inner,
            other => {
                let problem = format!("expected a section, found {}", other.describe());
                return mistakes.add(&place, path, problem);
            }
        }
    }
    here.insert(last.to_owned(), Node { place, value });
}

fn no_such_item(list: &str, index: &str, count: usize) -> String {
    let numbers: Vec<usize> = (0..count).collect();
    let expected = if count == 0 {
        "none".to_owned()
    } else {
        quoted_list(&numbers, "or")
    };
    format!("there is no {list} `{index}`; there is {expected}")
}
