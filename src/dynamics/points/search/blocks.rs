//! Maps that fall into blocks: groups of coordinates each of which depends on earlier ones alone.
//!
//! The fixed points of a block depend on those of the blocks before it; all together they are a tree of choices, and where
//! nothing connects the blocks a product. No search by starts finds a product of many factors: seven bistable units that do
//! not know each other have 3⁷ = 2,187 fixed points.

use std::collections::HashMap;

use super::admit::Origin;
use super::ends::End;
use super::{Completeness, Known, Search, search_watched};
use crate::dynamics::linear::spectrum::SpectrumError;
use crate::dynamics::points::starts::simulated;
use crate::map::Map;

/// Starts of a block that come from those of the whole map at most, …
const GIVEN: usize = 256;
/// … and those that come from simulations of the block, with their jitter.
const SIMULATED: (usize, f64) = (128, 0.5);

/// Fixed points of a block, and what is known of them as a list.
struct Solved {
    points: Vec<Vec<f64>>,
    complete: Completeness,
    left_undone: Vec<String>,
}

impl<M: Map + ?Sized> Search<'_, M> {
    /// Step 2 of the search: the fixed points of a map that falls into blocks, and how complete their list is; `None` if the
    /// map is one block.
    ///
    /// 1. For each block in turn, at each choice of fixed points of the blocks before it, the map of the block with those held
    ///    is searched on its own. Choices that give the block the same input share the search.
    /// 2. Each of its fixed points continues the choice; what is complete is so if every search was.
    pub(super) fn try_blocks(
        &mut self,
        known: &[Known<'_>],
        starts: &[Vec<f64>],
    ) -> Result<Option<Completeness>, SpectrumError> {
        let blocks = self.map.blocks();
        if blocks.len() < 2 {
            return Ok(None);
        }
        let mut given: Vec<&[f64]> = known.iter().map(|point| point.state).collect();
        given.extend(starts.iter().take(GIVEN).map(Vec::as_slice));
        let mut choices = vec![vec![0.0; self.map.dim()]];
        let mut complete = Completeness::Proved;
        let mut is_short = false;
        for (number, block) in blocks.iter().enumerate() {
            if self.is_over(|| {
                format!(
                    "{} of {} blocks were not searched",
                    blocks.len() - number,
                    blocks.len()
                )
            }) {
                return Ok(Some(Completeness::Incomplete));
            }
            self.watch.progress("blocks", number, blocks.len());
            let of_block = self.continued(&choices, block, &given)?;
            choices = of_block.points;
            complete = complete.min(of_block.complete);
            let units = block.len();
            let undone = of_block.left_undone.into_iter();
            let told = undone.map(|what| format!("in a block of {units} units: {what}"));
            self.findings.left_undone.extend(told);
            is_short |= choices.len() > self.limits.listed;
            choices.truncate(self.limits.listed);
        }
        if is_short {
            self.findings.left_undone.push(format!(
                "the network falls into {} blocks, and more than {} combinations of their fixed points are fixed points; the others are not listed",
                blocks.len(),
                self.limits.listed
            ));
        }
        let count = choices.len();
        self.take(
            choices.into_iter().map(End::at_root).collect(),
            Origin::Elsewhere,
        )?;
        let points = &self.findings.fixed_points;
        let are_certified = points.iter().all(|point| point.certificate.is_some());
        if count != points.len() || !are_certified {
            complete = complete.min(Completeness::IndexConsistent);
        }
        Ok(Some(complete))
    }

    /// Step 1 for one block: the choices with its fixed points.
    fn continued(
        &self,
        choices: &[Vec<f64>],
        block: &[usize],
        given: &[&[f64]],
    ) -> Result<Solved, SpectrumError> {
        let mut solved: HashMap<Vec<u64>, Solved> = HashMap::new();
        let mut continued = Vec::new();
        let mut complete = Completeness::Proved;
        let mut left_undone: Vec<String> = Vec::new();
        for choice in choices {
            let Some(part) = self.map.block(block, choice) else {
                return Ok(Solved {
                    points: Vec::new(),
                    complete: Completeness::Incomplete,
                    left_undone,
                });
            };
            let key: Vec<u64> = part.input.iter().map(|x| x.to_bits()).collect();
            if !solved.contains_key(&key) {
                let found = self.solve_block(&*part.map, &part.coordinates, given)?;
                solved.insert(key.clone(), found);
            }
            let of_block = &solved[&key];
            complete = complete.min(of_block.complete);
            if left_undone.is_empty() {
                left_undone.clone_from(&of_block.left_undone);
            }
            for point in &of_block.points {
                let mut next = choice.clone();
                for (&place, &x) in part.coordinates.iter().zip(point) {
                    next[place] = x;
                }
                continued.push(next);
            }
            if continued.len() > self.limits.listed {
                break;
            }
        }
        Ok(Solved {
            points: continued,
            complete,
            left_undone,
        })
    }

    fn solve_block(
        &self,
        map: &dyn Map,
        coordinates: &[usize],
        given: &[&[f64]],
    ) -> Result<Solved, SpectrumError> {
        let part = |state: &&[f64]| coordinates.iter().map(|&place| state[place]).collect();
        let mut starts: Vec<Vec<f64>> = given.iter().map(part).collect();
        starts.extend(simulated(map, SIMULATED.0, SIMULATED.1, 0));
        let found = search_watched(map, &[], &starts, self.limits, self.watch)?;
        let points = found.fixed_points.into_iter().map(|point| point.state);
        Ok(Solved {
            points: points.collect(),
            complete: found.complete,
            left_undone: found.left_undone,
        })
    }
}
