//! Distances between all pairs of runs as a heat map, ordered by group.

use crate::figure::Figure;
use crate::figure::axis::{Axis, Scale};
use crate::figure::plot::{Cells, ColourBar, Plot, Proportions, Span};

/// Distances between all pairs.
#[derive(Debug, Clone, PartialEq)]
pub struct Matrix {
    /// What is measured, with its unit; the label of the colours.
    pub measure: String,
    /// Names of the groups.
    pub groups: Vec<String>,
    /// The group of each run.
    pub group_of: Vec<usize>,
    /// `[run][run]`; not finite where a measure makes no sense of a pair.
    pub distances: Vec<Vec<f64>>,
}

impl Matrix {
    /// Draws it, the runs of a group beside each other and within a group in the order given.
    pub fn figure(&self) -> Figure {
        let count = self.group_of.len();
        let mut order: Vec<usize> = (0..count).collect();
        order.sort_by_key(|&run| self.group_of[run]);
        let value = |i: usize, j: usize| {
            let row = self.distances.get(order[i]);
            row.and_then(|row| row.get(order[j]))
                .copied()
                .unwrap_or(f64::NAN)
        };
        let rows: Vec<Vec<f64>> = (0..count)
            .map(|i| (0..count).map(|j| value(i, j)).collect())
            .collect();
        let between = rows.iter().flatten().copied().filter(|x| x.is_finite());
        let most = between.fold(0.0, f64::max);
        let along = Axis {
            names: self.spans(&order),
            ..Axis::between("", [0.0, count.max(1) as f64])
        };
        // The first run stands at the top.
        let end = count as f64;
        let turned = along.names.iter().map(|span| Span {
            ends: [end - span.ends[1], end - span.ends[0]],
            name: span.name.clone(),
        });
        let down = Axis {
            names: turned.collect(),
            ..along.clone()
        };
        let bar = ColourBar {
            label: self.measure.clone(),
            range: [0.0, if most > 0.0 { most } else { 1.0 }],
            scale: Scale::Linear,
        };
        let plot = Plot {
            cells: Some(Cells { rows }),
            colour_bar: Some(bar),
            proportions: Proportions::Square,
            ..Plot::new("", along, down, Vec::new())
        };
        Figure {
            description: format!("{} between {count} runs", self.measure),
            ..Figure::from(plot)
        }
    }

    /// Where each group stands among the runs in order.
    fn spans(&self, order: &[usize]) -> Vec<Span> {
        let mut spans = Vec::new();
        let mut begin = 0;
        for of_group in order.chunk_by(|a, b| self.group_of[*a] == self.group_of[*b]) {
            let end = begin + of_group.len();
            let name = self.groups.get(self.group_of[of_group[0]]);
            spans.push(Span {
                ends: [begin as f64, end as f64],
                name: name.cloned().unwrap_or_default(),
            });
            begin = end;
        }
        spans
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::Width;

    fn matrix() -> Matrix {
        Matrix {
            measure: "distance <a & b>".to_owned(),
            groups: vec!["GRU".to_owned(), "vanilla".to_owned()],
            group_of: vec![1, 0, 1],
            distances: vec![
                vec![0.0, 0.8, 0.2],
                vec![0.8, 0.0, f64::NAN],
                vec![0.2, f64::NAN, 0.0],
            ],
        }
    }

    #[test]
    fn runs_are_ordered_by_group() {
        let figure = matrix().figure();
        let cells = figure.plots[0].cells.clone();
        let rows = cells.map_or_else(Vec::new, |cells| cells.rows);
        assert_eq!(rows[1], [0.8, 0.0, 0.2]);
        assert!(
            rows[0][0] == 0.0 && rows[0][1] == 0.8 && rows[0][2].is_nan(),
            "{rows:?}"
        );
        let names = &figure.plots[0].y.names;
        assert_eq!((names[0].name.as_str(), names[0].ends), ("GRU", [2.0, 3.0]));
        assert_eq!(
            (names[1].name.as_str(), names[1].ends),
            ("vanilla", [0.0, 2.0])
        );
    }

    #[test]
    fn a_matrix_as_svg() {
        let svg = matrix().figure().scene(Width { mm: 60.0 }).to_svg();
        insta::assert_snapshot!(svg);
    }

    #[test]
    fn nothing_is_no_error() {
        let none = Matrix {
            group_of: Vec::new(),
            distances: Vec::new(),
            ..matrix()
        };
        let svg = none.figure().scene(Width::ONE_COLUMN).to_svg();
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }
}
