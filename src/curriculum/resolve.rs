//! Writes a curriculum as a file that leaves nothing to a default.
//!
//! Numbers are written with the fewest digits that read back to the same bits.

use std::ops::RangeInclusive;

use super::{CheckpointPolicy, Curriculum, Pace, Ramp, Stage, StagePart, fields, transfer};
use crate::parameters::{ChoiceOrList, ParameterVisitor, RealRange, named};

pub(super) fn to_toml(curriculum: &Curriculum) -> String {
    // A visitor may set what it visits; this one only looks, but has to be lent the values for that.
    let mut curriculum = curriculum.clone();
    let mut sections = vec![Assignments::of("", |visitor| {
        visitor.text("name", &mut curriculum.name);
        visitor.integer("seed", &mut curriculum.seed, 0..=fields::MAX_SEED);
        fields::rule_inputs(&mut curriculum.rule_inputs, visitor);
    })];
    sections.push(Assignments::of("[network]\n", |visitor| {
        curriculum.network.parameters(visitor);
        if let Some(transfer) = &mut curriculum.transfer {
            transfer::visit(transfer, visitor);
        }
    }));
    let frozen = transfer::frozen_names(&curriculum.network.frozen);
    if let (false, Some(section)) = (frozen.is_empty(), sections.last_mut()) {
        section.list.push(format!("frozen = {frozen:?}"));
    }
    for group in &mut curriculum.network.input_groups {
        let header = "[[network.input_group]]\n";
        sections.push(Assignments::of(header, |visitor| group.parameters(visitor)));
    }
    sections.push(Assignments::of("[training]\n", |visitor| {
        fields::trials_per_step(&mut curriculum.trials_per_step, visitor);
        let renews = &mut curriculum.renews_optimiser;
        fields::batches(&mut curriculum.steps_per_batch, renews, visitor);
        named("engine", &mut curriculum.engine, visitor);
        named("rule", &mut curriculum.rule, visitor);
        curriculum.penalties.parameters(visitor);
    }));
    sections.push(Assignments::of("[optimiser]\n", |visitor| {
        curriculum.optimiser.parameters(visitor);
    }));
    for stage in &mut curriculum.stages {
        sections.extend(stage_sections(stage));
    }
    for probe in &mut curriculum.probes {
        sections.push(Assignments::of("[[probe]]\n", |visitor| {
            visitor.text("name", &mut probe.name);
            visitor.text("rule", &mut probe.rule);
            fields::probe_trials(probe, visitor);
            named("task", &mut probe.task, visitor);
        }));
    }
    sections.push(Assignments::of("[checkpoints]\n", |visitor| {
        fields::checkpoints(&mut curriculum.checkpoints, visitor);
    }));
    if let CheckpointPolicy::Adaptive(policy) = &mut curriculum.checkpoints {
        let adaptive = Assignments::of("", |visitor| fields::adaptive(policy, visitor));
        let assignment = format!("adaptive = {{ {} }}", adaptive.list.join(", "));
        if let Some(section) = sections.last_mut() {
            section.list.push(assignment);
        }
    }
    sections.push(Assignments::of("[analysis]\n", |visitor| {
        fields::analysis(&mut curriculum.analysis, visitor);
    }));
    sections
        .iter()
        .map(Assignments::content)
        .collect::<Vec<_>>()
        .join("\n")
}

/// A stage: its own section if it has one task, and one more for each part of a mixture.
fn stage_sections(stage: &mut Stage) -> Vec<Assignments> {
    let until = Assignments::of("", |visitor| fields::until(&mut stage.until, visitor));
    let until = format!("until = {{ {} }}", until.list.join(", "));
    let mut section = Assignments::of("[[stage]]\n", |visitor| {
        visitor.text("name", &mut stage.name);
    });
    if let [part] = stage.parts.as_mut_slice()
        && part.name == part.task.task().name()
        && part.weight == 1.0
    {
        section.ramps.clone_from(&part.ramps);
        part_keys(part, &mut section);
        section.list.push(until);
        return vec![section];
    }
    section.list.push(until);
    let parts = stage.parts.iter_mut().map(|part| {
        let mut section = Assignments::new("[[stage.part]]\n", part.ramps.clone());
        section.text("name", &mut part.name);
        fields::weight(&mut part.weight, &mut section);
        part_keys(part, &mut section);
        section
    });
    std::iter::once(section).chain(parts).collect()
}

fn part_keys(part: &mut StagePart, visitor: &mut dyn ParameterVisitor) {
    named("task", &mut part.task, visitor);
    fields::objective(&mut part.objective, visitor);
}

/// `key = value` for each parameter that has a value.
struct Assignments {
    header: &'static str,
    list: Vec<String>,
    /// The numbers that change while a stage is trained.
    ramps: Vec<Ramp>,
}

impl Assignments {
    fn of(header: &'static str, visit: impl FnOnce(&mut dyn ParameterVisitor)) -> Self {
        let mut assignments = Self::new(header, Vec::new());
        visit(&mut assignments);
        assignments
    }

    fn new(header: &'static str, ramps: Vec<Ramp>) -> Self {
        Self {
            header,
            list: Vec::new(),
            ramps,
        }
    }

    /// Writes the ramp of a parameter, if it has one, with its numbers as `number` writes them.
    fn ramp(&mut self, name: &str, number: fn(f64) -> String) -> bool {
        let Some(ramp) = self.ramps.iter().find(|ramp| ramp.parameter == name) else {
            return false;
        };
        let pace = match ramp.pace {
            Pace::Steps { over_steps } => format!("over_steps = {over_steps}"),
            Pace::Accuracy { by, when_accuracy } => {
                format!("by = {}, when_accuracy = {when_accuracy:?}", number(by))
            }
        };
        let [from, to] = [ramp.from, ramp.to].map(number);
        self.list
            .push(format!("{name} = {{ from = {from}, to = {to}, {pace} }}"));
        true
    }

    fn content(&self) -> String {
        format!("{}{}\n", self.header, self.list.join("\n"))
    }

    fn assign(&mut self, name: &str, value: impl Into<toml::Value>) {
        self.list.push(format!("{name} = {}", value.into()));
    }
}

impl ParameterVisitor for Assignments {
    fn integer(&mut self, name: &'static str, value: &mut u64, _: RangeInclusive<u64>) {
        if !self.ramp(name, |integer| format!("{integer:.0}")) {
            self.list.push(format!("{name} = {value}"));
        }
    }

    fn real(&mut self, name: &'static str, value: &mut f64, _: RealRange) {
        // Debug gives the shortest digits that read back to the same number, always with a point or an exponent.
        if !self.ramp(name, |real| format!("{real:?}")) {
            self.list.push(format!("{name} = {value:?}"));
        }
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
