//! Writes a curriculum as a file that leaves nothing to a default.

use std::ops::RangeInclusive;

use super::{Curriculum, fields};
use crate::parameters::{ChoiceOrList, ParameterVisitor, RealRange};
use crate::task::TaskSpec;

pub(super) fn to_toml(curriculum: &Curriculum) -> String {
    // A visitor may set what it visits; this one only looks, but has to be lent the values for that.
    let mut curriculum = curriculum.clone();
    let mut sections = vec![Assignments::of("", |visitor| {
        visitor.text("name", &mut curriculum.name);
        visitor.integer("seed", &mut curriculum.seed, 0..=fields::MAX_SEED);
    })];
    sections.push(Assignments::of("[network]\n", |visitor| {
        fields::network(&mut curriculum.network, visitor);
    }));
    sections.push(Assignments::of("[training]\n", |visitor| {
        fields::trials_per_step(&mut curriculum.trials_per_step, visitor);
    }));
    sections.push(Assignments::of("[optimiser]\n", |visitor| {
        fields::optimiser(&mut curriculum.optimiser, visitor);
    }));
    for stage in &mut curriculum.stages {
        let until = Assignments::of("", |visitor| fields::until(&mut stage.until, visitor));
        let mut section = Assignments::of("[[stage]]\n", |visitor| {
            visitor.text("name", &mut stage.name);
            fields::task(&mut stage.task, &TaskSpec::all(), visitor);
        });
        section
            .list
            .push(format!("until = {{ {} }}", until.list.join(", ")));
        sections.push(section);
    }
    sections.push(Assignments::of("[checkpoints]\n", |visitor| {
        fields::checkpoints(&mut curriculum.checkpoints, visitor);
    }));
    sections.push(Assignments::of("[analysis]\n", |visitor| {
        fields::analysis(&mut curriculum.analysis, visitor);
    }));
    sections
        .iter()
        .map(Assignments::text)
        .collect::<Vec<_>>()
        .join("\n")
}

/// `key = value` for each parameter that has a value.
struct Assignments {
    header: &'static str,
    list: Vec<String>,
}

impl Assignments {
    fn of(header: &'static str, visit: impl FnOnce(&mut dyn ParameterVisitor)) -> Self {
        let mut assignments = Self {
            header,
            list: Vec::new(),
        };
        visit(&mut assignments);
        assignments
    }

    fn text(&self) -> String {
        format!("{}{}\n", self.header, self.list.join("\n"))
    }

    fn assign(&mut self, name: &str, value: impl Into<toml::Value>) {
        self.list.push(format!("{name} = {}", value.into()));
    }
}

impl ParameterVisitor for Assignments {
    fn integer(&mut self, name: &'static str, value: &mut u64, _: RangeInclusive<u64>) {
        self.list.push(format!("{name} = {value}"));
    }

    fn real(&mut self, name: &'static str, value: &mut f64, _: RealRange) {
        // Debug gives the shortest digits that read back to the same number, always with a point or an exponent.
        self.list.push(format!("{name} = {value:?}"));
    }

    fn flag(&mut self, name: &'static str, value: &mut bool) {
        self.assign(name, *value);
    }

    fn text(&mut self, name: &'static str, value: &mut String) {
        self.assign(name, value.as_str());
    }

    fn choice(&mut self, name: &'static str, chosen: &mut usize, choices: &[&'static str]) {
        self.assign(name, choices[*chosen]);
    }

    fn choice_or_list(
        &mut self,
        name: &'static str,
        value: &mut ChoiceOrList,
        choices: &[&'static str],
    ) {
        match value {
            ChoiceOrList::Choice(chosen) => self.assign(name, choices[*chosen]),
            ChoiceOrList::List(list) => self.list.push(format!("{name} = {list:?}")),
        }
    }

    fn gives(&mut self, _: &'static str, present: bool) -> bool {
        present
    }
}
