//! What happened between checkpoints, as places on the timeline to jump to.

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Code {
    /// Fold (limit point).
    Fold,
    /// Branch point.
    Branch,
    /// Period doubling.
    Doubling,
    /// Neimark–Sacker.
    Torus,
    /// Border collision.
    Border,
    /// A fixed point goes to infinity.
    Infinity,
    /// A hint at a global bifurcation: SNIC, homoclinic, fold of cycles or crisis.
    Global,
    /// A bifurcation that could not be classed.
    Unclassed,
    /// More fixed points than before; how is not known.
    Born,
    /// Fewer.
    Vanished,
    /// A mark of the user.
    Mark,
}

impl Code {
    /// The code of a name in the table of events.
    pub(crate) fn of_event(kind: &str) -> Self {
        match kind {
            "LP" => Self::Fold,
            "BP" => Self::Branch,
            "PD" => Self::Doubling,
            "NS" => Self::Torus,
            "BC" => Self::Border,
            "INF" => Self::Infinity,
            hint if hint.starts_with("hint ") => Self::Global,
            _ => Self::Unclassed,
        }
    }

    /// Two letters at most.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Fold => "LP",
            Self::Branch => "BP",
            Self::Doubling => "PD",
            Self::Torus => "NS",
            Self::Border => "BC",
            Self::Infinity => "∞",
            Self::Global => "GB",
            Self::Unclassed => "?",
            Self::Born => "+",
            Self::Vanished => "−",
            Self::Mark => "m",
        }
    }

    /// In words.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Fold => "fold",
            Self::Branch => "branch point",
            Self::Doubling => "period doubling",
            Self::Torus => "Neimark–Sacker",
            Self::Border => "border collision",
            Self::Infinity => "fixed point at infinity",
            Self::Global => "hint at a global bifurcation",
            Self::Unclassed => "unclassified bifurcation",
            Self::Born => "more fixed points",
            Self::Vanished => "fewer fixed points",
            Self::Mark => "mark",
        }
    }
}

/// A place on the timeline to jump to: what happened up to one checkpoint since the one before.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Stop {
    pub(crate) from_step: u64,
    pub(crate) to_step: u64,
    /// Kinds, most frequent first, with their numbers.
    pub(crate) codes: Vec<(Code, usize)>,
    /// What the user noted there.
    pub(crate) note: Option<String>,
}

impl Stop {
    /// `LP×8 BP`.
    pub(crate) fn text(&self) -> String {
        let text = |&(code, count): &(Code, usize)| match count {
            1 => code.text().to_owned(),
            _ => format!("{}×{count}", code.text()),
        };
        let texts: Vec<String> = self.codes.iter().map(text).collect();
        texts.join(" ")
    }

    /// Whether anything happened but a mark.
    pub(crate) fn is_event(&self) -> bool {
        self.codes.iter().any(|&(code, _)| code != Code::Mark)
    }
}
