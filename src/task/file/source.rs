//! Which trials of which file: the keys, the file behind them, and its trials that are drawn.

use std::path::Path;
use std::sync::{Arc, LazyLock};

use rand::SeedableRng as _;
use rand::seq::SliceRandom as _;
use rand_chacha::ChaCha8Rng;

use super::error::TrialsError;
use super::reading;
use super::trials::TrialSet;
use crate::parameters::{DECAY, ParameterVisitor};
use crate::task::perceptual_integration::PerceptualIntegration;

/// Share of the trials that is held out, if nobody says otherwise.
const TEST_SHARE: f64 = 0.2;

/// What is shown where there is no file.
static EXAMPLE: LazyLock<Arc<TrialSet>> = LazyLock::new(|| {
    let task = PerceptualIntegration::default();
    Arc::new(TrialSet::of_task(&task, 64, 0))
});

/// Which trials of a file are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Split {
    /// Those that are not held out.
    Train,
    /// Those that are held out, one after the other: so many trials as there are have each of them once.
    Test,
    /// All.
    All,
}

/// A file of trials, and which of them are drawn.
#[derive(Debug, Clone)]
pub(super) struct Source {
    file: Option<String>,
    /// SHA-256 that the file must have; set to what it has if it is not given.
    sha256: Option<String>,
    /// Its size in words, likewise.
    shape: Option<String>,
    split: Split,
    /// `None` where the file itself says what is held out.
    test_share: Option<f64>,
    split_seed: u64,
    set: Arc<TrialSet>,
    /// Numbers of the trials that are drawn, never none.
    drawn: Arc<Vec<usize>>,
    state: State,
}

/// What became of the keys.
#[derive(Debug, Clone, PartialEq)]
enum State {
    /// Nobody asked for a file: the trials are those of an example.
    Example,
    /// The trials are those of a file, by these keys.
    Read(Keys),
    /// The file cannot be used, which has been said; the trials are those of an example.
    Refused,
}

/// What the trials that are drawn depend on.
#[derive(Debug, Clone, PartialEq)]
struct Keys {
    file: String,
    sha256: Option<String>,
    shape: Option<String>,
    split: Split,
    test_share: Option<f64>,
    split_seed: u64,
}

/// A key, and what would be right for it.
type Refusal = (&'static str, String);

/// The same trials from the same content, wherever the file lies.
impl PartialEq for Source {
    fn eq(&self, other: &Self) -> bool {
        let is_read = |of: &Self| matches!(of.state, State::Read(_));
        (is_read(self), &self.set, &self.drawn, self.split)
            == (is_read(other), &other.set, &other.drawn, other.split)
    }
}

impl Default for Source {
    fn default() -> Self {
        Self {
            file: None,
            sha256: None,
            shape: None,
            split: Split::Train,
            test_share: None,
            split_seed: 0,
            set: EXAMPLE.clone(),
            drawn: Arc::new((0..EXAMPLE.count()).collect()),
            state: State::Example,
        }
    }
}

impl Source {
    /// The trials of the file.
    pub(super) fn set(&self) -> &TrialSet {
        &self.set
    }

    /// Which of them are drawn.
    pub(super) fn drawn(&self) -> &[usize] {
        &self.drawn
    }

    /// How they are drawn.
    pub(super) fn split(&self) -> Split {
        self.split
    }

    /// Whether there is a file behind the trials.
    pub(super) fn is_read(&self) -> bool {
        matches!(self.state, State::Read(_))
    }

    /// Visits the keys, and reads the file if they have changed.
    pub(super) fn parameters(&mut self, visitor: &mut dyn ParameterVisitor) {
        if visitor.gives("file", self.file.is_some()) {
            visitor.path("file", self.file.get_or_insert_default());
        }
        for (key, value) in [
            ("file_sha256", &mut self.sha256),
            ("file_shape", &mut self.shape),
        ] {
            if visitor.gives(key, value.is_some()) {
                visitor.text(key, value.get_or_insert_default());
            }
        }
        let splits = [
            ("train", Split::Train),
            ("test", Split::Test),
            ("all", Split::All),
        ];
        visitor.one_of("split", &mut self.split, &splits);
        if visitor.gives("test_share", self.test_share.is_some()) {
            let share = self.test_share.get_or_insert(TEST_SHARE);
            visitor.real("test_share", share, DECAY);
        }
        visitor.integer("split_seed", &mut self.split_seed, 0..=u64::from(u32::MAX));
        if self.state == State::Refused {
            return;
        }
        if let Err((key, expected)) = self.update() {
            visitor.refuse(key, &expected);
            *self = Self {
                state: State::Refused,
                ..Self::default()
            };
        }
    }

    /// Reads the file, unless it is read, and chooses its trials.
    fn update(&mut self) -> Result<(), Refusal> {
        let Some(file) = self.file.clone() else {
            let expected =
                "the path of an npz or Parquet file of trials, as in `file = \"trials.npz\"`";
            return Err(("file", expected.to_owned()));
        };
        if let State::Read(known) = &self.state
            && *known == self.keys(file.clone())
        {
            return Ok(());
        }
        let problem = |error: TrialsError| {
            let expected = format!("a file of trials that can be used: {error}");
            ("file", expected)
        };
        let set = reading::read(Path::new(&file), self.sha256.as_deref()).map_err(problem)?;
        let (sha256, shape) = (set.sha256().to_owned(), set.shape());
        let wanted_sha256 = self.sha256.get_or_insert_with(|| sha256.clone());
        let wanted_shape = self.shape.get_or_insert_with(|| shape.clone());
        if !wanted_sha256.eq_ignore_ascii_case(&sha256) || *wanted_shape != shape {
            let (key, wanted, now) = if *wanted_shape == shape {
                ("file_sha256", wanted_sha256, &sha256)
            } else {
                ("file_shape", wanted_shape, &shape)
            };
            return Err((
                key,
                format!(
                    "{now}, as {file} has it now, found {wanted}: the file is another, or has changed since"
                ),
            ));
        }
        self.set = set;
        self.drawn = Arc::new(self.chosen()?);
        self.state = State::Read(self.keys(file));
        Ok(())
    }

    fn keys(&self, file: String) -> Keys {
        Keys {
            file,
            sha256: self.sha256.clone(),
            shape: self.shape.clone(),
            split: self.split,
            test_share: self.test_share,
            split_seed: self.split_seed,
        }
    }

    /// The trials of the split, in their order.
    ///
    /// 1. Held out are those that the file says; else the first of all trials as they are shuffled by `split_seed`, a share of
    ///    them that is rounded to a whole number.
    /// 2. Chosen are those, all others, or all.
    fn chosen(&mut self) -> Result<Vec<usize>, Refusal> {
        let count = self.set.count();
        let (is_test, cause) = match (self.set.is_test(), self.test_share) {
            (Some(_), Some(_)) => {
                let expected = "none: the file says with `is_test` which trials are held out";
                return Err(("test_share", expected.to_owned()));
            }
            (Some(is_test), None) => (is_test.to_vec(), "its `is_test`".to_owned()),
            (None, share) => {
                let share = share.unwrap_or(TEST_SHARE);
                self.test_share = Some(share);
                let mut order: Vec<usize> = (0..count).collect();
                order.shuffle(&mut ChaCha8Rng::seed_from_u64(self.split_seed));
                let mut is_test = vec![false; count];
                let held_out = (share * count as f64).round() as usize;
                for &trial in &order[..held_out.min(count)] {
                    is_test[trial] = true;
                }
                (is_test, format!("`test_share` of {share}"))
            }
        };
        let is_chosen = |trial: &usize| match self.split {
            Split::All => true,
            Split::Test => is_test[*trial],
            Split::Train => !is_test[*trial],
        };
        let chosen: Vec<usize> = (0..count).filter(is_chosen).collect();
        if chosen.is_empty() {
            let held_out = is_test.iter().filter(|&&of| of).count();
            let expected = format!(
                "a part of the file that has trials: {cause} holds out {held_out} of its {count}"
            );
            return Err(("split", expected));
        }
        Ok(chosen)
    }
}
