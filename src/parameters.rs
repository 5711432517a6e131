//! Named parameters with their bounds, declared once and then read, written and listed by visitors.
//!
//! One declaration (name, place, bounds) serves four readers: the parser of curricula, the writer of the resolved
//! file, the list of keys in messages, and ramps that change numbers in training.

use std::ops::{Bound, RangeInclusive};

use rand::{Rng, RngExt as _};

/// The numbers that a real parameter can take; always finite.
pub type RealRange = (Bound<f64>, Bound<f64>);

/// Greater than 0.
pub const POSITIVE: RealRange = (Bound::Excluded(0.0), Bound::Unbounded);
/// 0 or greater.
pub const NOT_NEGATIVE: RealRange = (Bound::Included(0.0), Bound::Unbounded);
/// Greater than 0, at most 1.
pub const FRACTION: RealRange = (Bound::Excluded(0.0), Bound::Included(1.0));
/// Any finite number.
pub const ANY: RealRange = (Bound::Unbounded, Bound::Unbounded);
/// From 0 to 1, both included.
pub const SHARE: RealRange = (Bound::Included(0.0), Bound::Included(1.0));
/// At least 0, less than 1.
pub const DECAY: RealRange = (Bound::Included(0.0), Bound::Excluded(1.0));

/// A whole number that is drawn evenly, bounds included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The least.
    pub min: usize,
    /// The greatest; not less than `min`.
    pub max: usize,
}

impl Span {
    /// Draws a number.
    pub fn draw(self, rng: &mut dyn Rng) -> usize {
        rng.random_range(self.min..=self.max)
    }
}

/// A value that is a word or a list.
#[derive(Debug, Clone, PartialEq)]
pub enum ChoiceOrList {
    /// Index of the word among the choices.
    Choice(usize),
    /// The numbers.
    List(Vec<f64>),
}

/// Walks over the parameters of a thing, each with its name in the curriculum file.
///
/// A visitor that reads sets the values, one that writes only looks at them.
pub trait ParameterVisitor {
    /// A whole number within `range`.
    fn integer(&mut self, name: &'static str, value: &mut u64, range: RangeInclusive<u64>);

    /// A finite number within `range`.
    fn real(&mut self, name: &'static str, value: &mut f64, range: RealRange);

    /// True or false.
    fn flag(&mut self, name: &'static str, value: &mut bool);

    /// A text that is not empty and has no control characters.
    fn text(&mut self, name: &'static str, value: &mut String);

    /// The path of a file that is read. What stands in a file and is relative is looked for beside that file first, then in
    /// the present folder.
    fn path(&mut self, name: &'static str, value: &mut String) {
        self.text(name, value);
    }

    /// One of `choices`, as its index.
    fn choice(&mut self, name: &'static str, chosen: &mut usize, choices: &[&'static str]);

    /// One of `choices`, or a list of finite numbers.
    fn choice_or_list(
        &mut self,
        name: &'static str,
        value: &mut ChoiceOrList,
        choices: &[&'static str],
    ) {
        let _ = (name, value, choices);
    }

    /// A text of one or several lines, such as a drawing.
    fn lines(&mut self, name: &'static str, value: &mut String) {
        self.text(name, value);
    }

    /// Whether an optional parameter is to be visited; `present` says whether it has a value so far.
    fn gives(&mut self, name: &'static str, present: bool) -> bool;

    /// Takes note that a value, though within its bounds, does not go with the others, and what would.
    fn refuse(&mut self, _name: &'static str, _expected: &str) {}
}

impl dyn ParameterVisitor + '_ {
    /// Visits a whole number held as a `usize`.
    pub fn count(&mut self, name: &'static str, value: &mut usize, range: RangeInclusive<usize>) {
        let mut wide = *value as u64;
        self.integer(name, &mut wide, *range.start() as u64..=*range.end() as u64);
        *value = wide as usize;
    }

    /// Visits the bounds of a whole number that is drawn, `names` those of the least and the greatest.
    pub fn span(
        &mut self,
        names: [&'static str; 2],
        span: &mut Span,
        range: RangeInclusive<usize>,
    ) {
        self.count(names[0], &mut span.min, range.clone());
        self.count(names[1], &mut span.max, range);
        if span.min > span.max {
            let expected = format!("at most `{}`, which is {}", names[1], span.max);
            self.refuse(names[0], &expected);
        }
    }

    /// Visits a value that has a name in the file. A value that is none of `choices` counts as the first.
    pub fn one_of<T: Copy + PartialEq>(
        &mut self,
        name: &'static str,
        value: &mut T,
        choices: &[(&'static str, T)],
    ) {
        let names: Vec<_> = choices.iter().map(|(name, _)| *name).collect();
        let mut chosen = choices
            .iter()
            .position(|(_, choice)| choice == value)
            .unwrap_or(0);
        self.choice(name, &mut chosen, &names);
        *value = choices[chosen].1;
    }
}

/// One of several things that a key names, each with parameters of its own.
pub trait Variant: Clone {
    /// All that can be named, with their default parameters.
    fn all() -> Vec<Self>;

    /// Name in the curriculum file.
    fn name(&self) -> &'static str;

    /// Walks over the parameters beside the name.
    fn parameters(&mut self, visitor: &mut dyn ParameterVisitor);
}

/// Names of variants with the keys that each brings.
pub type KeysOfVariants = Vec<(&'static str, Vec<&'static str>)>;

/// Visits the key that names a variant, and says whether it is another now, with its default parameters.
pub fn choose<V: Variant>(
    key: &'static str,
    variant: &mut V,
    visitor: &mut dyn ParameterVisitor,
) -> bool {
    let all = V::all();
    let all_names: Vec<_> = all.iter().map(Variant::name).collect();
    let before = all_names.iter().position(|name| *name == variant.name());
    let before = before.unwrap_or(0);
    let mut chosen = before;
    visitor.choice(key, &mut chosen, &all_names);
    if chosen != before {
        *variant = all[chosen].clone();
    }
    chosen != before
}

/// Visits a key that names a variant, and the parameters of the variant.
pub fn named<V: Variant>(key: &'static str, variant: &mut V, visitor: &mut dyn ParameterVisitor) {
    choose(key, variant, visitor);
    variant.parameters(visitor);
}

/// The keys of each variant.
pub fn keys_of<V: Variant>() -> KeysOfVariants {
    let of = |variant: &V| {
        let keys = names(|visitor| variant.clone().parameters(visitor));
        (variant.name(), keys)
    };
    V::all().iter().map(of).collect()
}

/// The names of all parameters that `visit` walks over.
pub fn names(visit: impl FnOnce(&mut dyn ParameterVisitor)) -> Vec<&'static str> {
    struct Names(Vec<&'static str>);

    impl ParameterVisitor for Names {
        fn integer(&mut self, name: &'static str, _: &mut u64, _: RangeInclusive<u64>) {
            self.0.push(name);
        }
        fn real(&mut self, name: &'static str, _: &mut f64, _: RealRange) {
            self.0.push(name);
        }
        fn flag(&mut self, name: &'static str, _: &mut bool) {
            self.0.push(name);
        }
        fn text(&mut self, name: &'static str, _: &mut String) {
            self.0.push(name);
        }
        fn choice(&mut self, name: &'static str, _: &mut usize, _: &[&'static str]) {
            self.0.push(name);
        }
        fn choice_or_list(&mut self, name: &'static str, _: &mut ChoiceOrList, _: &[&'static str]) {
            self.0.push(name);
        }
        fn gives(&mut self, name: &'static str, _: bool) -> bool {
            self.0.push(name);
            false
        }
    }

    let mut names = Names(Vec::new());
    visit(&mut names);
    names.0
}
