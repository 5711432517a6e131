//! Walks from a recording: their keys in a curriculum, and the file.

use std::path::Path;
use std::sync::Arc;

use crate::open_field::area::Area;
use crate::open_field::recording::Recording;
use crate::open_field::stretches::{Part, Sampling, Stretches};
use crate::parameters::{DECAY, POSITIVE, ParameterVisitor};

/// What a curriculum says of recorded walks, and what came of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct RecordedWalks {
    /// Path of an npz file.
    trajectory: Option<String>,
    /// SHA-256 that it must have; set to what it has if it is not given.
    trajectory_sha256: Option<String>,
    longest_gap_secs: f64,
    part: Part,
    held_out_share: f64,
    loaded: Option<Loaded>,
}

/// A recording, and the walks that trials are taken from.
#[derive(Debug, Clone, PartialEq)]
struct Loaded {
    recording: Arc<Recording>,
    sampling: Sampling,
    stretches: Arc<Stretches>,
}

/// A key, and what would be right for it.
type Refusal = (&'static str, String);

impl Default for RecordedWalks {
    fn default() -> Self {
        Self {
            trajectory: None,
            trajectory_sha256: None,
            longest_gap_secs: 1.0,
            part: Part::All,
            held_out_share: 0.2,
            loaded: None,
        }
    }
}

impl RecordedWalks {
    /// The walks on even steps, if there is a recording.
    pub(super) fn stretches(&self) -> Option<&Stretches> {
        self.loaded.as_ref().map(|loaded| loaded.stretches.as_ref())
    }

    /// Visits the keys. If recorded walks are wanted, the file is read when it is named, and brought onto other steps when one
    /// of the numbers changes; `false` if it cannot be used.
    pub(super) fn parameters(
        &mut self,
        is_wanted: bool,
        (area, dt_secs, least_steps): (Area, f64, usize),
        visitor: &mut dyn ParameterVisitor,
    ) -> bool {
        if visitor.gives("trajectory", self.trajectory.is_some()) {
            visitor.path("trajectory", self.trajectory.get_or_insert_default());
        }
        if visitor.gives("trajectory_sha256", self.trajectory_sha256.is_some()) {
            let sha256 = self.trajectory_sha256.get_or_insert_default();
            visitor.text("trajectory_sha256", sha256);
        }
        visitor.real("longest_gap_secs", &mut self.longest_gap_secs, POSITIVE);
        let parts = [
            ("all", Part::All),
            ("first", Part::First),
            ("last", Part::Last),
        ];
        visitor.one_of("recording_part", &mut self.part, &parts);
        visitor.real("held_out_share", &mut self.held_out_share, DECAY);
        if !is_wanted {
            self.loaded = None;
            self.refuse_keys(visitor);
            return true;
        }
        let sampling = Sampling {
            area,
            dt_secs,
            longest_gap_secs: self.longest_gap_secs,
            part: self.part,
            held_out_share: self.held_out_share,
            least_steps,
        };
        match self.load(sampling) {
            Ok(loaded) => self.loaded = Some(loaded),
            Err((key, expected)) => {
                visitor.refuse(key, &expected);
                self.loaded = None;
            }
        }
        self.loaded.is_some()
    }

    /// Keys that say nothing without a recording are mistakes.
    fn refuse_keys(&self, visitor: &mut dyn ParameterVisitor) {
        let given = [
            ("trajectory", self.trajectory.is_some()),
            ("trajectory_sha256", self.trajectory_sha256.is_some()),
            ("recording_part", self.part != Part::All),
        ];
        for (key, _) in given.into_iter().filter(|(_, is_given)| *is_given) {
            visitor.refuse(key, "`walk = \"recorded\"` beside it");
        }
    }

    /// Reads the recording unless it is there, and samples it unless that is done.
    fn load(&mut self, sampling: Sampling) -> Result<Loaded, Refusal> {
        let Some(path) = self.trajectory.as_deref().map(Path::new) else {
            let expected =
                "the path of an npz file with the arrays `t` and `pos`, for `walk = \"recorded\"`";
            return Err(("trajectory", expected.to_owned()));
        };
        let problem = |error| {
            let expected = format!("a recording that can be used: {error}");
            ("trajectory", expected)
        };
        let known = self.loaded.take();
        let known = known.filter(|known| known.recording.path() == path);
        let recording = match &known {
            Some(known) => known.recording.clone(),
            None => Arc::new(Recording::read(path).map_err(problem)?),
        };
        let found = recording.sha256();
        let sha256 = self
            .trajectory_sha256
            .get_or_insert_with(|| found.to_owned());
        if !sha256.eq_ignore_ascii_case(found) {
            let expected = format!("the SHA-256 of the file, which is {found}");
            return Err(("trajectory_sha256", expected));
        }
        let stretches = match known {
            Some(known) if known.sampling == sampling => known.stretches,
            _ => Arc::new(Stretches::of(&recording, &sampling).map_err(problem)?),
        };
        Ok(Loaded {
            recording,
            sampling,
            stretches,
        })
    }
}
