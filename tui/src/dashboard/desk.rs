//! What all screens share: the open runs, the one in focus, and how they are aligned.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::align::{Alignment, Link};
use super::axis::StepAxis;
use super::data::comparison::{Compared, GROUPINGS};
use super::data::runs::Listed;
use super::data::{RunId, RunState, Update};
use super::open_run::OpenRun;
use super::screen::Effect;
use super::theme::Theme;

/// Most runs that are open at once.
pub(crate) const MOST_OPEN: usize = 6;

/// What all screens share.
pub(crate) struct Desk {
    pub(crate) theme: Theme,
    /// The run in focus, which keys and screens are about; it has no folder where none is open.
    pub(crate) run: OpenRun,
    /// The other open runs, by slot. Their playheads follow.
    pub(crate) others: Vec<OpenRun>,
    pub(crate) alignment: Alignment,
    /// By what the axis of steps runs, on all screens.
    axis: StepAxis,
    /// The run that was moved last: all others stand where it stands.
    leader: RunId,
    /// Number of the next run that is opened.
    next_id: u32,
    /// Messages on what could not be read of runs that are open no more.
    closed_damage: BTreeSet<String>,
    /// The runs of the directory, the newest first.
    pub(crate) listed: Vec<Listed>,
    /// The comparison that was asked for last, as far as it has come.
    pub(crate) comparison: Compared,
    /// Directory of the runs.
    pub(crate) traces: PathBuf,
    /// Whether the runs were looked for.
    pub(crate) list_known: bool,
    /// Answer to the last key, where it needs one.
    pub(crate) status: Option<String>,
    /// The run whose training this dashboard started, while it trains.
    pub(crate) trains: Option<RunId>,
    /// A screen, by its name, to go to next.
    pub(crate) go_to_screen: Option<&'static str>,
}

impl Desk {
    /// A desk without a run.
    pub(crate) fn new(theme: Theme, traces: PathBuf) -> Self {
        let none = RunId(0);
        Self {
            theme,
            run: OpenRun::new(none, 0, PathBuf::new(), false),
            others: Vec::new(),
            alignment: Alignment::default(),
            axis: StepAxis::default(),
            leader: none,
            next_id: 1,
            closed_damage: BTreeSet::new(),
            listed: Vec::new(),
            comparison: Compared::default(),
            traces,
            list_known: false,
            status: None,
            trains: None,
            go_to_screen: None,
        }
    }

    /// Says something in the status row.
    pub(crate) fn say(&mut self, text: impl Into<String>) {
        self.status = Some(text.into());
    }

    /// Whether a run is open.
    pub(crate) fn has_run(&self) -> bool {
        !self.run.dir.as_os_str().is_empty()
    }

    /// Whether several runs are open.
    pub(crate) fn has_several(&self) -> bool {
        !self.others.is_empty()
    }

    /// The open runs, by slot.
    pub(crate) fn open_runs(&self) -> Vec<&OpenRun> {
        let focus = Some(&self.run).filter(|_| self.has_run());
        let mut open: Vec<&OpenRun> = focus.into_iter().chain(&self.others).collect();
        open.sort_by_key(|run| run.slot);
        open
    }

    /// The open run that has this identity.
    pub(crate) fn open_run(&self, id: RunId) -> Option<&OpenRun> {
        self.open_runs().into_iter().find(|run| run.id == id)
    }

    fn open_run_mut(&mut self, id: RunId) -> Option<&mut OpenRun> {
        let mut all = std::iter::once(&mut self.run).chain(&mut self.others);
        all.find(|run| run.id == id)
    }

    /// The open run in this folder.
    pub(crate) fn open_in(&self, dir: &Path) -> Option<&OpenRun> {
        self.open_runs().into_iter().find(|run| run.dir == dir)
    }

    /// Takes in news of a run; what comes of a run that is open no more is let go.
    pub(crate) fn take_in(&mut self, id: RunId, update: Update) {
        if let Some(run) = self.open_run_mut(id) {
            run.take_in(update);
        }
    }

    /// Messages on all that could not be read.
    pub(crate) fn damage(&self) -> BTreeSet<&str> {
        let open = self.open_runs().into_iter();
        open.flat_map(|run| &run.data.damage)
            .chain(&self.closed_damage)
            .map(String::as_str)
            .collect()
    }

    /// Keeps a message on what belongs to no open run.
    pub(crate) fn add_damage(&mut self, text: String) {
        self.closed_damage.insert(text);
    }

    /// Why no run can be opened beside those that are open.
    pub(crate) fn why_not_beside(&self) -> Option<String> {
        (self.others.len() + 1 >= MOST_OPEN).then(|| {
            format!("{MOST_OPEN} runs are open, which is the most: close one of them first")
        })
    }

    /// Opens a run when the dashboard begins: the first gets the focus, and follows if it should.
    pub(crate) fn open(&mut self, dir: PathBuf, following: bool) {
        if self.has_run() {
            self.open_beside(dir);
        } else {
            self.replace(self.run.id, dir, following);
        }
    }

    /// Opens a run beside those that are open, none of which changes; without any it gets the focus.
    pub(crate) fn open_beside(&mut self, dir: PathBuf) {
        if !self.has_run() {
            return self.open_instead(self.run.id, dir);
        }
        let is_free = |slot: &usize| self.open_runs().iter().all(|run| run.slot != *slot);
        let Some(slot) = (0..MOST_OPEN).find(is_free) else {
            return;
        };
        let run = OpenRun::new(self.new_id(), slot, dir, false);
        self.others.push(run);
        self.others.sort_by_key(|run| run.slot);
    }

    /// Gives a run the focus: if it is open beside, as it is; else in the place of the one that has the focus.
    pub(crate) fn show(&mut self, dir: PathBuf) {
        match self.others.iter().find(|run| run.dir == dir) {
            Some(run) => self.focus_on(run.id),
            None => self.open_instead(self.run.id, dir),
        }
    }

    /// Opens two runs, of which the first gets the focus. They take the places of runs in `instead`, else stand beside what is
    /// open; others give way where there is no room.
    pub(crate) fn open_pair(&mut self, pair: [&Path; 2], instead: &[PathBuf]) {
        let is_kept = |dir: &Path| pair.contains(&dir);
        for dir in pair {
            if self.open_in(dir).is_some() {
                continue;
            }
            let mut open = self.open_runs().into_iter().rev();
            let free = open.find(|run| instead.contains(&run.dir) && !is_kept(&run.dir));
            let mut open = self.open_runs().into_iter().rev();
            let last = open.find(|run| !is_kept(&run.dir) && Some(run.id) != self.trains);
            let place = free.or(last.filter(|_| self.why_not_beside().is_some()));
            match place.map(|run| run.id) {
                Some(id) => self.open_instead(id, dir.to_path_buf()),
                None => self.open_beside(dir.to_path_buf()),
            }
        }
        if let Some(id) = self.open_in(pair[0]).map(|run| run.id) {
            self.focus_on(id);
        }
    }

    /// Begins to compare the runs in these folders.
    pub(crate) fn compare(&mut self, dirs: Vec<PathBuf>) -> Effect {
        self.comparison = Compared::of(&self.comparison, dirs);
        let comparison = &self.comparison;
        let by = GROUPINGS[comparison.grouping % GROUPINGS.len()];
        Effect::Compare(comparison.number, comparison.asked.clone(), by)
    }

    /// Opens a run in the place of another, from its first checkpoint on; follows it if it is being written.
    pub(crate) fn open_instead(&mut self, id: RunId, dir: PathBuf) {
        let is_training = |run: &Listed| {
            let brief = run.brief.as_ref().and_then(|read| read.as_ref().ok());
            run.dir == dir && brief.is_some_and(|brief| brief.state == RunState::Training)
        };
        let following = self.run.id == id && self.listed.iter().any(is_training);
        self.replace(id, dir, following);
    }

    fn replace(&mut self, id: RunId, dir: PathBuf, following: bool) {
        let new_id = self.new_id();
        let Some(place) = self.open_run_mut(id) else {
            return;
        };
        let mut new = OpenRun::new(new_id, place.slot, dir, following);
        new.data.damage = std::mem::take(&mut place.data.damage);
        *place = new;
        self.lead_otherwise(id, Some(new_id));
    }

    fn new_id(&mut self) -> RunId {
        self.next_id += 1;
        RunId(self.next_id - 1)
    }

    /// Closes a run; the only one stays.
    pub(crate) fn close(&mut self, id: RunId) {
        if self.run.id == id {
            self.focus_on_next(1);
        }
        let Some(at) = self.others.iter().position(|run| run.id == id) else {
            return;
        };
        let closed = self.others.remove(at);
        self.closed_damage.extend(closed.data.damage);
        self.lead_otherwise(id, None);
        self.align();
        self.run.timeline.fit_window();
    }

    /// Others no longer stand where a run stands that is gone, nor where one stands that is `new`, at its first checkpoint.
    fn lead_otherwise(&mut self, gone: RunId, new: Option<RunId>) {
        if self.leader == gone {
            let mut all = std::iter::once(&self.run).chain(&self.others);
            let old = all.find(|run| Some(run.id) != new);
            self.leader = old.unwrap_or(&self.run).id;
        }
    }

    /// Gives the focus to the next (+1) or previous (−1) open run.
    pub(crate) fn focus_on_next(&mut self, by: i64) {
        let open = self.open_runs();
        let here = open.iter().position(|run| run.id == self.run.id);
        let count = open.len().max(1) as i64;
        let next = (here.unwrap_or(0) as i64 + by).rem_euclid(count) as usize;
        if let Some(id) = open.get(next).map(|run| run.id) {
            self.focus_on(id);
        }
    }

    /// Gives the focus to an open run, which goes on as the one before did. No playhead moves.
    pub(crate) fn focus_on(&mut self, id: RunId) {
        let Some(at) = self.others.iter().position(|run| run.id == id) else {
            return;
        };
        let window = self.link(&self.others[at]).zip(self.run.timeline.window);
        std::mem::swap(&mut self.run, &mut self.others[at]);
        let (run, before) = (&mut self.run, &mut self.others[at]);
        let grows = run.data.grows();
        run.timeline.go_on_as(&mut before.timeline, grows);
        run.timeline.window = window.map(|(link, (from, to))| (link.back(from), link.back(to)));
        self.others.sort_by_key(|run| run.slot);
        self.align();
    }

    /// Aligns the runs otherwise, by events by the one on screen or the first: the run in focus stays where it is.
    pub(crate) fn align_otherwise(&mut self) {
        let event = self.run.event_here().unwrap_or(0);
        self.alignment = self.alignment.next(event);
        self.lead();
    }

    /// The axis of steps runs otherwise; the same steps stay in view.
    pub(crate) fn next_axis(&mut self) {
        self.axis = self.axis.next();
        self.align();
    }

    /// By what the axis of steps runs.
    pub(crate) fn axis(&self) -> StepAxis {
        self.axis
    }

    /// The run in focus was moved: the others follow.
    pub(crate) fn lead(&mut self) {
        self.leader = self.run.id;
        self.align();
    }

    /// Derives what follows from the news; `false` if there were none.
    pub(crate) fn derive(&mut self) -> bool {
        let of_focus = self.run.derive();
        let mut of_others = false;
        for run in &mut self.others {
            of_others |= run.derive();
        }
        if of_focus || of_others {
            self.align();
        }
        of_focus || of_others
    }

    /// Puts all playheads where that of the leader is, and makes the axis hold all runs.
    fn align(&mut self) {
        let shared_ends = self.shared_ends();
        self.run.timeline.set_axis(self.axis, shared_ends);
        let (alignment, leader) = (self.alignment, self.leader);
        let Some((scale, step)) = self.open_run(leader).and_then(|run| {
            let frame = run.timeline.frame()?;
            Some((run.scale(alignment)?, frame.step as f64))
        }) else {
            return;
        };
        let place = scale.place_of(step);
        let all = std::iter::once(&mut self.run).chain(&mut self.others);
        for run in all.filter(|run| run.id != leader) {
            if let Some(own) = run.scale(alignment) {
                run.timeline.stand_at(own.step_at(place));
            }
        }
    }

    /// The steps of an open run in those of the run in focus; none where one of them lacks what the alignment goes by.
    pub(crate) fn link(&self, run: &OpenRun) -> Option<Link> {
        Some(Link {
            from: run.scale(self.alignment)?,
            to: self.run.scale(self.alignment)?,
        })
    }

    /// From the first step of any open run to the last, in those of the run in focus.
    fn shared_ends(&self) -> Option<(f64, f64)> {
        let ends = |run: &OpenRun| {
            let (link, (from, to)) = (self.link(run)?, run.timeline.ends());
            Some((link.there(from), link.there(to)))
        };
        let linked = self.others.iter().filter_map(ends);
        let hull = |a: (f64, f64), b: (f64, f64)| (a.0.min(b.0), a.1.max(b.1));
        self.has_several()
            .then(|| linked.fold(self.run.timeline.ends(), hull))
    }
}
