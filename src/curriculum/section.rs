//! Reads one section of a curriculum: takes out keys, checks them, and reports what is missing or left over.
//!
//! What was not asked for by the time a section is done is a mistake: a key that belongs to another cell or task is
//! told from a misspelt one, for which the nearest known key is suggested.

use std::ops::RangeInclusive;
use std::path::Path;

use super::error::{
    KeyPlace, Mistakes, closest, describe_integers, describe_reals, did_you_mean, quoted_list,
};
use super::ramp::{Pace, Ramp};
use super::tree::{Node, Table, Value};
use crate::parameters::{ChoiceOrList, FRACTION, ParameterVisitor, RealRange};

/// A section while it is being read.
pub(super) struct Section<'a> {
    /// Full name, empty for the top of the file.
    path: String,
    place: KeyPlace,
    entries: Table,
    /// Keys asked for so far.
    known: Vec<&'static str>,
    /// Keys that are needed and absent, of each group one, with what is expected.
    missing: Vec<(&'static [&'static str], &'static str)>,
    /// Keys whose value was refused.
    refused: Vec<&'static str>,
    /// Keys taken out, with the places where they stood.
    taken: Vec<(&'static str, KeyPlace)>,
    /// Numbers that change while a stage is trained, with their places; none where numbers must be constant.
    ramps: Option<Vec<(Ramp, KeyPlace)>>,
    /// Where paths in it that are relative begin.
    folder: &'a Path,
    mistakes: &'a Mistakes,
}

/// The keys that depend on the value of another key, such as those of a cell.
pub(super) struct Variants {
    /// The key that chooses.
    pub(super) key: &'static str,
    /// Its value here.
    pub(super) chosen: &'static str,
    /// For each of its values the keys that may stand beside it.
    pub(super) keys: Vec<(&'static str, Vec<&'static str>)>,
}

impl Variants {
    fn have(&self, key: &str) -> bool {
        self.keys.iter().any(|(_, keys)| keys.contains(&key))
    }
}

impl<'a> Section<'a> {
    pub(super) fn new(
        path: impl Into<String>,
        place: KeyPlace,
        entries: Table,
        mistakes: &'a Mistakes,
    ) -> Self {
        Self {
            path: path.into(),
            place,
            entries,
            known: Vec::new(),
            missing: Vec::new(),
            refused: Vec::new(),
            taken: Vec::new(),
            ramps: None,
            folder: Path::new(""),
            mistakes,
        }
    }

    /// The same in a file of this folder.
    pub(super) fn in_folder(self, folder: &'a Path) -> Self {
        Self { folder, ..self }
    }

    /// Where it stands.
    pub(super) fn place(&self) -> &KeyPlace {
        &self.place
    }

    /// The mistakes of the whole file.
    pub(super) fn mistakes(&self) -> &'a Mistakes {
        self.mistakes
    }

    /// Full name of one of its keys.
    pub(super) fn full(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    fn know(&mut self, key: &'static str) {
        if !self.known.contains(&key) {
            self.known.push(key);
        }
    }

    /// Takes a key out of the section.
    pub(super) fn take(&mut self, key: &'static str) -> Option<Node> {
        self.know(key);
        let node = self.entries.remove(key)?;
        self.taken.push((key, node.place.clone()));
        Some(node)
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }

    /// Another section of the same file.
    pub(super) fn beside(&self, path: String, place: KeyPlace, entries: Table) -> Section<'a> {
        Section::new(path, place, entries, self.mistakes).in_folder(self.folder)
    }

    /// Where a key stands or stood, or else the section.
    pub(super) fn place_of(&self, key: &str) -> KeyPlace {
        let taken = self.taken.iter().find(|(taken, _)| *taken == key);
        let taken_place = taken.map_or(&self.place, |(_, place)| place);
        self.entries
            .get(key)
            .map_or(taken_place, |node| &node.place)
            .clone()
    }

    /// Notes one of `keys` as missing unless the section has one; `expected` says what should be there.
    pub(super) fn require(&mut self, keys: &'static [&'static str], expected: &'static str) {
        if !keys.iter().any(|key| self.has(key)) {
            self.miss(keys, expected);
        }
    }

    /// Notes one of `keys` as missing.
    pub(super) fn miss(&mut self, keys: &'static [&'static str], expected: &'static str) {
        self.missing.push((keys, expected));
    }

    /// Of keys that exclude each other, leaves one. One that an override sets displaces one of the file.
    pub(super) fn exclusive(&mut self, keys: &'static [&'static str]) {
        let is_override = |place: KeyPlace| matches!(place, KeyPlace::Override(_));
        if keys
            .iter()
            .any(|key| is_override(self.place_of(key)) && self.has(key))
        {
            self.entries.retain(|key, node| {
                !keys.contains(&key.as_str()) || is_override(node.place.clone())
            });
        }
        let given: Vec<_> = keys.iter().filter(|key| self.has(key)).copied().collect();
        if let [_, .., last] = given[..] {
            self.mistakes.add(
                &self.place_of(last),
                self.full(last),
                format!(
                    "{} exclude each other; expected one of them",
                    quoted_list(&given, "and")
                ),
            );
            self.entries
                .retain(|key, _| given[0] == key || !given.contains(&key.as_str()));
        }
    }

    /// The table under `key`, if there is one.
    pub(super) fn child(&mut self, key: &'static str, expected: &str) -> Option<Section<'a>> {
        let path = self.full(key);
        let node = self.take(key)?;
        match node.value {
            Value::Table(entries) => Some(self.beside(path, node.place, entries)),
            other => {
                self.mistakes.add(
                    &node.place,
                    path,
                    format!("expected {expected}, found {}", other.describe()),
                );
                None
            }
        }
    }

    /// Adds a mistake about one of the section's keys.
    pub(super) fn mistake(&self, place: &KeyPlace, key: &str, problem: impl Into<String>) {
        self.mistakes.add(place, self.full(key), problem);
    }

    /// Adds a mistake about a key of any section, by its full name.
    pub(super) fn mistake_at(
        &self,
        place: &KeyPlace,
        key: impl Into<String>,
        problem: impl Into<String>,
    ) {
        self.mistakes.add(place, key, problem);
    }

    /// Takes `key`, and its value if `pick` accepts it; else reports what was expected.
    fn read<T>(
        &mut self,
        key: &'static str,
        expected: &str,
        pick: impl Fn(&Value) -> Option<T>,
    ) -> Option<T> {
        let node = self.take(key)?;
        let picked = pick(&node.value);
        if picked.is_none() {
            self.refused.push(key);
            self.mistake(
                &node.place,
                key,
                format!("expected {expected}, found {}", node.value.describe()),
            );
        }
        picked
    }

    /// From here on a number may be a table that says how it changes.
    pub(super) fn allow_ramps(&mut self) {
        self.ramps = Some(Vec::new());
    }

    /// The ramps read since they were allowed, with their places.
    pub(super) fn take_ramps(&mut self) -> Vec<(Ramp, KeyPlace)> {
        self.ramps.take().unwrap_or_default()
    }

    /// Takes `key` if a ramp stands there and is allowed; returns its first value. `number` reads an allowed value,
    /// `any_number` one of the right type.
    fn ramp(
        &mut self,
        key: &'static str,
        expected: &str,
        number: &dyn Fn(&Value) -> Option<f64>,
        any_number: &dyn Fn(&Value) -> Option<f64>,
    ) -> Option<f64> {
        let is_table = |node: &Node| matches!(node.value, Value::Table(_));
        if self.ramps.is_none() || !self.entries.get(key).is_some_and(is_table) {
            return None;
        }
        let place = self.place_of(key);
        let mut table = self.child(key, expected)?;
        table.exclusive(&["over_steps", "when_accuracy"]);
        table.require(&["from"], "the first value, as in `from = 5`");
        table.require(&["to"], "the last value, as in `to = 50`");
        table.require(
            &["over_steps", "when_accuracy"],
            "how fast it changes: `over_steps = 2000`, or `by = 1, when_accuracy = 0.98`",
        );
        let mistakes_before = table.mistakes.count();
        let from = table.read("from", expected, number);
        let to = table.read("to", expected, any_number);
        let pace = if table.has("when_accuracy") {
            table.require(&["by"], "the size of a level, as in `by = 1`");
            let (mut by, mut when_accuracy) = (1.0, 1.0);
            let size = |value: &Value| any_number(value).filter(|by| *by != 0.0);
            if let Some(read) = table.read("by", "a number that is not 0", size) {
                by = read;
            }
            table.real("when_accuracy", &mut when_accuracy, FRACTION);
            Pace::Accuracy { by, when_accuracy }
        } else {
            let mut over_steps = 1;
            table.integer("over_steps", &mut over_steps, 1..=u64::from(u32::MAX));
            Pace::Steps { over_steps }
        };
        let mistakes = table.mistakes;
        table.finish();
        if mistakes.count() > mistakes_before {
            self.refused.push(key);
        } else if let (Some(from), Some(to)) = (from, to) {
            let parameter = key.to_owned();
            let ramp = Ramp {
                parameter,
                from,
                to,
                pace,
            };
            self.ramps.get_or_insert_default().push((ramp, place));
        }
        from
    }

    /// Reports what is missing and what is left over.
    pub(super) fn finish(self) {
        self.finish_with(&[]);
    }

    /// As `finish`, and tells a key that belongs to another variant from an unknown one.
    pub(super) fn finish_with(mut self, variants: &[Variants]) {
        let names = || {
            variants
                .iter()
                .flat_map(|variants| variants.keys.iter().flat_map(|(_, keys)| keys))
        };
        for (key, node) in std::mem::take(&mut self.entries) {
            if let Some(variants) = variants.iter().find(|variants| variants.have(&key)) {
                if !self.is_unsure(variants.key) {
                    // Whoever chooses another variant from outside need not undo what the file says of its own.
                    let is_displaced =
                        self.is_overridden(variants.key) && matches!(node.place, KeyPlace::Line(_));
                    if !is_displaced {
                        self.mistake(&node.place, &key, belongs_elsewhere(&key, variants));
                    }
                }
                continue;
            }
            let suggestion = closest(&key, self.known.iter().chain(names()).copied());
            if let Some(name) = suggestion {
                self.missing.retain(|(keys, _)| !keys.contains(&name));
            }
            let problem = format!(
                "unknown key; expected one of {}{}",
                quoted_list(&self.known, "or"),
                did_you_mean(suggestion)
            );
            self.mistake(&node.place, &key, problem);
        }
        for (keys, expected) in &self.missing {
            self.mistake(
                &self.place,
                keys[0],
                format!("missing; expected {expected}"),
            );
        }
    }

    /// Whether a key that was taken came from outside the file.
    pub(super) fn is_overridden(&self, key: &str) -> bool {
        let mut taken = self.taken.iter();
        taken.any(|(name, place)| *name == key && matches!(place, KeyPlace::Override(_)))
    }

    fn is_unsure(&self, key: &str) -> bool {
        self.refused.contains(&key) || self.missing.iter().any(|(keys, _)| keys.contains(&key))
    }
}

fn belongs_elsewhere(key: &str, variants: &Variants) -> String {
    let owners: Vec<_> = variants
        .keys
        .iter()
        .filter(|(_, keys)| keys.contains(&key))
        .map(|(owner, _)| *owner)
        .collect();
    format!(
        "belongs to {} {}, found beside {} `{}`",
        variants.key,
        quoted_list(&owners, "or"),
        variants.key,
        variants.chosen
    )
}

impl ParameterVisitor for Section<'_> {
    fn integer(&mut self, name: &'static str, value: &mut u64, range: RangeInclusive<u64>) {
        let expected = describe_integers(&range);
        let pick = |value: &Value| match value {
            Value::Integer(integer) => u64::try_from(*integer)
                .ok()
                .filter(|integer| range.contains(integer)),
            _ => None,
        };
        let number = |value: &Value| pick(value).map(|integer| integer as f64);
        let any_number = |value: &Value| match value {
            Value::Integer(integer) => i64::try_from(*integer).ok().map(|integer| integer as f64),
            _ => None,
        };
        if let Some(first) = self.ramp(name, &expected, &number, &any_number) {
            *value = first as u64;
            return;
        }
        if let Some(read) = self.read(name, &expected, pick) {
            *value = read;
        }
    }

    fn real(&mut self, name: &'static str, value: &mut f64, range: RealRange) {
        let expected = describe_reals(range);
        let pick = |value: &Value| {
            finite(value).filter(|real| std::ops::RangeBounds::contains(&range, real))
        };
        if let Some(first) = self.ramp(name, &expected, &pick, &finite) {
            *value = first;
            return;
        }
        if let Some(read) = self.read(name, &expected, pick) {
            *value = read;
        }
    }

    fn flag(&mut self, name: &'static str, value: &mut bool) {
        let pick = |value: &Value| match value {
            Value::Flag(flag) => Some(*flag),
            _ => None,
        };
        if let Some(read) = self.read(name, "true or false", pick) {
            *value = read;
        }
    }

    fn text(&mut self, name: &'static str, value: &mut String) {
        let pick = |value: &Value| match value {
            Value::Text(text) if !text.trim().is_empty() && !text.contains(char::is_control) => {
                Some(text.clone())
            }
            _ => None,
        };
        if let Some(read) = self.read(name, "a string of one line that is not empty", pick) {
            *value = read;
        }
    }

    fn path(&mut self, name: &'static str, value: &mut String) {
        self.text(name, value);
        let is_from_outside = self.is_overridden(name);
        if let Some(found) = found(value, self.folder, is_from_outside) {
            *value = found;
        }
    }

    fn lines(&mut self, name: &'static str, value: &mut String) {
        let is_plain = |c: char| c == '\n' || c == '\r' || !c.is_control();
        let pick = |value: &Value| match value {
            Value::Text(text) if !text.trim().is_empty() && text.chars().all(is_plain) => {
                Some(text.clone())
            }
            _ => None,
        };
        if let Some(read) = self.read(name, "a string of lines that is not empty", pick) {
            *value = read;
        }
    }

    fn choice(&mut self, name: &'static str, chosen: &mut usize, choices: &[&'static str]) {
        let Some(node) = self.take(name) else { return };
        let text = if let Value::Text(text) = &node.value {
            text.as_str()
        } else {
            ""
        };
        if let Some(index) = choices.iter().position(|choice| *choice == text) {
            *chosen = index;
            return;
        }
        self.refused.push(name);
        let problem = format!(
            "expected {}, found {}{}",
            one_of(choices),
            node.value.describe(),
            did_you_mean(closest(text, choices.iter().copied()))
        );
        self.mistake(&node.place, name, problem);
    }

    fn choice_or_list(
        &mut self,
        name: &'static str,
        value: &mut ChoiceOrList,
        choices: &[&'static str],
    ) {
        let expected = format!("{}, or a list of finite numbers", one_of(choices));
        let pick = |value: &Value| match value {
            Value::Text(text) => choices
                .iter()
                .position(|choice| choice == text)
                .map(ChoiceOrList::Choice),
            Value::List(nodes) => {
                let numbers = nodes.iter().map(|node| finite(&node.value));
                numbers.collect::<Option<_>>().map(ChoiceOrList::List)
            }
            _ => None,
        };
        if let Some(read) = self.read(name, &expected, pick) {
            *value = read;
        }
    }

    fn gives(&mut self, name: &'static str, _present: bool) -> bool {
        self.know(name);
        self.has(name)
    }

    fn refuse(&mut self, name: &'static str, expected: &str) {
        if !self.refused.contains(&name) {
            self.mistake(&self.place_of(name), name, format!("expected {expected}"));
        }
    }
}

/// The file that a path of a curriculum means, as an absolute path: so that a run finds it from wherever it is gone on with.
///
/// 1. Beside the curriculum, if the path stands in it.
/// 2. From the present folder.
/// 3. By its name alone beside the curriculum, which is where those can put it who move a run.
///
/// `None` if it is nowhere.
fn found(path: &str, folder: &Path, is_from_outside: bool) -> Option<String> {
    let path = Path::new(path);
    let beside = (!is_from_outside).then(|| folder.join(path));
    let alone = path.file_name().map(|name| folder.join(name));
    let mut places = [beside, Some(path.to_path_buf()), alone]
        .into_iter()
        .flatten();
    let found = places.find(|place| place.is_file())?;
    let absolute = std::path::absolute(found).ok()?;
    absolute.to_str().map(str::to_owned)
}

/// A number that is neither infinite nor NaN.
fn finite(value: &Value) -> Option<f64> {
    let real = match value {
        Value::Real(real) => *real,
        Value::Integer(integer) => *integer as f64,
        _ => return None,
    };
    real.is_finite().then_some(real)
}

fn one_of(choices: &[&str]) -> String {
    let list = quoted_list(choices, "or");
    if choices.len() == 1 {
        list
    } else {
        format!("one of {list}")
    }
}
