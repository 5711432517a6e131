//! Which files of a folder are due, and which training step each is of.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::bail;
use creode::foreign::steps::{Named, StepReading, trainings};
use creode::text::shown;

use super::Following;
use super::folder::{LeftOut, Weights};
use crate::say::say;

impl Following<'_> {
    /// The files that are to be taken, of those that are due, by rising step; says which are left out, and why.
    pub(super) fn ready(
        &mut self,
        files: &[Weights],
        due: &[&Weights],
    ) -> anyhow::Result<Vec<(u64, PathBuf)>> {
        let mut left_out = LeftOut::default();
        let sound: Vec<Named> = files
            .iter()
            .filter(|file| file.reason_to_leave_out(&self.followed.folder).is_ok())
            .map(Weights::named)
            .collect();
        self.read_steps(&sound)?;
        let of_others = self.of_other_trainings(&sound)?;
        let mut ready = Vec::new();
        for file in due {
            let step = file
                .reason_to_leave_out(&self.followed.folder)
                .and_then(|()| self.step_of(file, &of_others));
            match step {
                Ok(step) => ready.push((step, file.path.clone())),
                Err(reason) => {
                    left_out.add(&file.name, reason);
                    self.set_done(&file.path);
                }
            }
        }
        for line in left_out.lines() {
            self.follower.log(&line)?;
            say!("{}: {line}", self.name);
        }
        // Of one step the plain name comes first: `-v1` is added to a name that was there.
        ready.sort_by(|(a, file), (b, other)| {
            let length = |path: &PathBuf| path.as_os_str().len();
            (a, length(file), file).cmp(&(b, length(other), other))
        });
        Ok(ready)
    }

    /// Finds out how the names are to be read, and says so, unless that is settled.
    fn read_steps(&mut self, files: &[Named]) -> anyhow::Result<()> {
        if self.is_settled && self.last_taken.is_some() {
            return Ok(());
        }
        let reading = match &self.reading {
            Some(settled) if self.is_settled => Some(settled.clone()),
            _ => StepReading::of(files),
        };
        let Some(reading) = reading else {
            return Ok(());
        };
        if let (Some(before), Some(taken)) = (&self.reading, &self.last_taken)
            && let (Ok(was), Ok(is)) = (before.step(taken), reading.step(taken))
            && was != is
        {
            bail!(
                "{taken} was taken as step {was}, {}; beside the names that came since its step is {is}, {}; begin another run \
                 with `--run NAME`, or say how to read them with `--step-pattern`",
                before.describe(),
                reading.describe()
            );
        }
        let readable = files.iter().filter(|file| reading.step(&file.name).is_ok());
        let readable = readable.count();
        self.is_settled |= readable > 1;
        let is_new = self.reading.as_ref() != Some(&reading) || self.last_taken.is_none();
        let text = reading.report(files);
        if is_new && readable > 0 && text != self.said {
            self.follower.log(&text)?;
            say!("{}: {text}", self.name);
            self.said = text;
        }
        self.reading = Some(reading);
        Ok(())
    }

    /// Files of other trainings than that of the file taken last, with what they are of.
    ///
    /// # Errors
    /// If there are several trainings and none was chosen yet.
    fn of_other_trainings(&self, files: &[Named]) -> anyhow::Result<BTreeMap<String, String>> {
        let Some(reading) = &self.reading else {
            return Ok(BTreeMap::new());
        };
        let mut files = files.to_vec();
        // It may be gone: some programs keep the last few checkpoints alone.
        let last = self.last_taken.iter();
        let gone: Vec<Named> = last
            .filter(|name| !files.iter().any(|file| file.name == **name))
            .map(|name| Named {
                name: name.clone(),
                modified: None,
            })
            .collect();
        files.extend(gone);
        let all = trainings(reading, &files);
        if all.is_empty() {
            return Ok(BTreeMap::new());
        }
        let own = self.last_taken.as_ref();
        let own = own.and_then(|taken| all.iter().find(|of| of.names.contains(taken)));
        let Some(own) = own.map(|own| own.mark.clone()) else {
            let each = all.iter().map(|of| {
                let (count, first) = (of.names.len(), &of.names[0]);
                format!(
                    "  {}: {first}{}: --step-pattern '{}'",
                    of.mark,
                    if count > 1 {
                        format!(" and {} more", count - 1)
                    } else {
                        String::new()
                    },
                    of.pattern
                )
            });
            let each: Vec<String> = each.collect();
            bail!(
                "the files of {} trainings lie in {}; choose one of them:\n{}",
                all.len(),
                shown(&self.followed.folder),
                each.join("\n")
            );
        };
        let others = all.into_iter().filter(|of| of.mark != own);
        let reason = |mark: &str| format!("it is of {mark}, those taken before of {own}");
        let named = others.flat_map(|of| {
            let reason = reason(&of.mark);
            of.names.into_iter().map(move |name| (name, reason.clone()))
        });
        Ok(named.collect())
    }

    /// The training step of a file, or why it is not taken.
    fn step_of(&self, file: &Weights, of_others: &BTreeMap<String, String>) -> Result<u64, String> {
        let is_before = |since| file.modified().is_some_and(|at| at < since);
        if self.since.is_some_and(is_before) {
            return Err("it is of the training before".to_owned());
        }
        if let Some(reason) = of_others.get(&file.name) {
            return Err(reason.clone());
        }
        match &self.reading {
            Some(reading) => reading.step(&file.name),
            None => {
                Err("there is no number in its name that could be its training step".to_owned())
            }
        }
    }
}
