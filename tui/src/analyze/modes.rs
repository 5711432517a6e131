//! `creode analyze --modes` and `--motion`: what fixed points do nearby and what that is for, and how states move on trials.

use creode::dynamics::points::linearisation::Linearisation;
use creode::dynamics::points::selection::ModeUse;
use creode::lab::LabError;
use creode::lab::again::Subject;
use creode::lab::analysed::Analysed;
use creode::lab::described::StateMotion;
use serde_json::{Value, json};

use super::table::{aligned, count};
use crate::reproduce::number;

/// Modes of each point that are shown and whose use is looked at.
const SHOWN: usize = 3;
/// Channels of each mode that are shown.
const MOST_CHANNELS: usize = 3;

/// The modes of all fixed points of a landscape, and what the leading ones are for.
pub(super) struct Modes {
    linearised: Vec<Linearisation>,
    uses: Vec<Vec<ModeUse>>,
}

impl Modes {
    pub(super) fn of(subject: &Subject, of: &Analysed) -> Result<Self, LabError> {
        let linearised = subject.linearised(of)?;
        let uses = subject.uses(of, &linearised, SHOWN)?;
        Ok(Self { linearised, uses })
    }

    /// Those of the point at a place among the findings.
    pub(super) fn as_json(&self, place: usize) -> Value {
        let of = &self.linearised[place];
        let uses = self.uses.get(place).into_iter().flatten().map(|of| {
            let pushes = of
                .pushes
                .map(|push| json!({ "size": push.size, "steps": push.steps }));
            json!({ "reads": of.reads, "moves": of.moves, "pushes": pushes })
        });
        let uses = uses.collect::<Vec<Value>>();
        let modes = of.modes.iter().map(|mode| {
            let time = mode.time_constant();
            json!({
                "re": mode.eigenvalue.0, "im": mode.eigenvalue.1, "uncertainty": mode.uncertainty,
                "condition": mode.condition, "time_constant_steps": time.map(|(tau, _)| tau),
                "time_constant_interval": time.map(|(_, interval)| interval),
                "cycles_per_step": mode.frequency(), "is_marginal": mode.is_marginal(),
                "right_re": mode.right.iter().map(|v| v.re).collect::<Vec<f64>>(),
                "right_im": mode.right.iter().map(|v| v.im).collect::<Vec<f64>>(),
                "left_re": mode.left.iter().map(|v| v.re).collect::<Vec<f64>>(),
                "left_im": mode.left.iter().map(|v| v.im).collect::<Vec<f64>>(),
            })
        });
        json!({
            "leading_modes_uses": uses,
            "modes": modes.collect::<Vec<Value>>(), "norm": of.norm, "departure_from_normality": of.departure,
            "basis_condition": of.basis_condition, "transient_growth": of.transient_growth.map(|(growth, _)| growth),
            "transient_growth_steps": of.transient_growth.map(|(_, steps)| steps),
            "kreiss_constant": of.kreiss,
            "n_unstable": of.n_unstable, "is_n_unstable_certain": of.is_n_unstable_certain,
        })
    }

    /// The three slowest or most unstable modes of each point, by identity and place.
    pub(super) fn table(&self, points: &[(u32, usize)]) -> Vec<String> {
        let head = [
            "point",
            "unstable",
            "λ",
            "τ (steps)",
            "cycles/step",
            "κ(λ)",
            "departure",
            "growth",
            "reads",
            "moves",
            "push forgotten",
        ];
        let mut table = vec![head.map(str::to_owned)];
        for &(point, place) in points {
            let of = &self.linearised[place];
            let certain = if of.is_n_unstable_certain { "" } else { " ?" };
            for (rank, mode) in of
                .modes
                .iter()
                .filter(|mode| mode.eigenvalue.1 >= 0.0)
                .take(SHOWN)
                .enumerate()
            {
                let first = |text: String| if rank == 0 { text } else { String::new() };
                let use_of = |part: &dyn Fn(&ModeUse) -> Vec<f64>| {
                    let of = self.uses.get(place).and_then(|uses| uses.get(rank));
                    of.map(part).unwrap_or_default()
                };
                let (re, im) = mode.eigenvalue;
                table.push([
                    first(point.to_string()),
                    first(format!("{}{certain}", of.n_unstable)),
                    if im == 0.0 {
                        format!("{re:+.6}")
                    } else {
                        format!("{re:+.4} ± {im:.4}i")
                    },
                    mode.time_constant()
                        .map_or("marginal".to_owned(), |(tau, _)| format!("{tau:.2}")),
                    format!("{:.4}", mode.frequency()),
                    format!("{:.2}", mode.condition),
                    first(format!("{:.3}", of.departure)),
                    first(
                        of.transient_growth
                            .map_or(String::new(), |(growth, steps)| {
                                format!("{growth:.2} at {steps}")
                            }),
                    ),
                    channels('u', use_of(&|of| of.reads.clone())),
                    channels('z', use_of(&|of| of.moves.clone())),
                    self.uses
                        .get(place)
                        .and_then(|uses| uses.get(rank))
                        .map_or(String::new(), forgotten),
                ]);
            }
        }
        aligned(&table)
    }
}

/// The channels with the largest numbers, as `u0 1.30 u2 0.40`.
fn channels(letter: char, numbers: Vec<f64>) -> String {
    let mut ranked: Vec<(usize, f64)> = numbers.into_iter().enumerate().collect();
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
    let shown = ranked.iter().take(MOST_CHANNELS);
    let shown = shown.map(|(place, size)| format!("{letter}{place} {}", number(*size)));
    shown.collect::<Vec<String>>().join(" ")
}

/// After how many steps a small push along the mode, and a large one, are forgotten (or have grown).
fn forgotten(of: &ModeUse) -> String {
    let steps = of.pushes.map(|push| {
        push.steps
            .map_or("never".to_owned(), |steps| steps.to_string())
    });
    format!("{} / {}", steps[0], steps[1])
}

/// How states move on trials; `None` where there are no trials.
pub(super) struct Motion(pub(super) Option<StateMotion>);

impl Motion {
    pub(super) fn as_json(&self) -> Value {
        self.0.as_ref().map_or(Value::Null, |of| {
            json!({
                "trials": of.size[0], "steps": of.size[1],
                "potent": of.potent.map(|of| json!({ "dimensions": of.dimensions, "of": of.of, "share_of_variance": of.share })),
                "rotations": of.rotations.map(|of| json!({
                    "components": of.components, "share_of_variance": of.variance, "r2_of_any_map": of.any_r2,
                    "r2_of_turning": of.skew_r2, "radians_per_step": of.radians_per_step,
                })),
                "tangling_median": of.tangling[0], "tangling_90": of.tangling[1],
            })
        })
    }

    pub(super) fn lines(&self) -> String {
        let Some(of) = &self.0 else {
            return "\nmotion: there are no trials of a run's task to look at\n".to_owned();
        };
        let mut lines = vec![format!(
            "\nmotion on {} of {}:",
            count(of.size[0], "trial"),
            count(of.size[1], "step")
        )];
        lines.push(of.potent.map_or("readout: there is none".to_owned(), |of| {
            format!(
                "readout: {} of the variance lies in its potent space of {} of {} dimensions ({} by chance), the rest is null",
                number(of.share),
                of.dimensions,
                of.of,
                number(of.dimensions as f64 / of.of as f64)
            )
        }));
        lines.push(of.rotations.map_or("rotations: states do not move in two dimensions".to_owned(), |of| {
            format!(
                "rotations (jPCA, {} PCs with {} of the variance): R² {} turning only, {} by any linear map; {} rad/step",
                of.components,
                number(of.variance),
                number(of.skew_r2),
                number(of.any_r2),
                number(of.radians_per_step)
            )
        }));
        lines.push(format!(
            "tangling Q: median {}, 90 % below {}",
            number(of.tangling[0]),
            number(of.tangling[1])
        ));
        lines.join("\n") + "\n"
    }
}
