//! The run of one network of an experiment, for a screen of the dashboard that shows what no curve tells.

use std::path::{Path, PathBuf};

use super::ExperimentError;
use super::trained::Course;
use super::workplace::Workplace;

/// A run of an experiment and the screen that it is to be looked at on.
#[derive(Debug, Clone)]
pub struct Screenshot {
    course: Course,
    /// The name of the screen.
    pub screen: &'static str,
    /// The keys that are pressed on it, by their names, with spaces between.
    pub keys: &'static str,
    /// What is seen there, in a sentence.
    pub caption: &'static str,
}

/// A run on disk.
#[derive(Debug)]
pub struct MadeRun {
    /// Its folder.
    pub dir: PathBuf,
    /// What removes it in the end, if it is not to be kept.
    _own: Option<Workplace>,
}

impl Screenshot {
    /// The run of a course, on a screen after some keys.
    pub(super) fn new(
        course: Course,
        (screen, keys): (&'static str, &'static str),
        caption: &'static str,
    ) -> Self {
        Self {
            course,
            screen,
            keys,
            caption,
        }
    }

    /// The name of the run.
    pub fn run_name(&self) -> &str {
        &self.course.curriculum().name
    }

    /// Makes the run: in the folder where runs are kept, unless it is there, or in a folder of its own that vanishes with what
    /// is returned. Not to be called by a thread of rayon's.
    ///
    /// # Errors
    /// [`ExperimentError`]: it could not be trained or written.
    pub fn made(&self, kept: Option<&Path>) -> Result<MadeRun, ExperimentError> {
        let (folder, own) = if let Some(folder) = kept {
            (folder.to_path_buf(), None)
        } else {
            let own = Workplace::new(self.run_name())?;
            (own.dir().to_path_buf(), Some(own))
        };
        self.course.keep(&folder)?;
        Ok(MadeRun {
            dir: folder.join(self.run_name()),
            _own: own,
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::trace::Run;

    #[test]
    fn a_run_that_is_not_kept_vanishes_and_one_that_is_stays() {
        let course = Course::new(
            r#"
            name = "shown"
            [network]
            cell = "vanilla"
            units = 4
            [[stage]]
            task = "flip-flop"
            bits = 1
            until = { steps = 2 }
            [checkpoints]
            every = 1
            [analysis]
            starts = 4
            "#,
        );
        let screenshot = Screenshot::new(course.unwrap(), ("landscape", "G"), "Nothing yet.");
        let dir = {
            let made = screenshot.made(None).unwrap();
            assert_eq!(Run::open(&made.dir).unwrap().entries().len(), 3);
            made.dir.clone()
        };
        assert!(!dir.exists());
        let folder = tempfile::tempdir().unwrap();
        let kept = screenshot.made(Some(folder.path())).unwrap();
        assert_eq!(kept.dir, folder.path().join("shown"));
        let dir = kept.dir.clone();
        drop(kept);
        assert_eq!(Run::open(dir).unwrap().entries().len(), 3);
    }
}
