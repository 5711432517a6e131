//! How like a border cell a unit is.

/// Share of the peak, both above the least rate of the map, that the cells of a field have at least.
const FIELD: f64 = 0.3;
/// Share of the visited cells that a field covers at least: 200 cm² of 1 m².
const LEAST_FIELD: f64 = 0.02;

/// Border score (cM − dM)/(cM + dM) of a map, row by row (Solstad et al. 2008): 1 of a unit that is active along all of a wall
/// and nowhere else, −1 of one that is active away from all walls.
///
/// 1. Fields are connected cells (by their sides) of at least 30 % of the peak, both above the least rate of the map, that
///    cover at least 2 % of the visited cells.
/// 2. cM is the largest share of the visited cells along one of the four walls that one field covers.
/// 3. dM is the mean distance of the cells of all fields to the nearest wall, weighted by their rate above the least, as a
///    share of the largest distance that there is.
///
/// Adapted to rooms of few cells: distances count from the cells at the wall, which have 0, to those in the middle; from the
/// wall itself, a field of one row at the wall of a room of 15 could have no more than 0.88.
///
/// NaN if there is no field, as in a constant map, and of rooms with a side of less than 3 cells. Cells that are NaN count
/// as not visited.
pub fn border_score(rows: usize, columns: usize, map: &[f64]) -> f64 {
    let visited = || map.iter().filter(|rate| !rate.is_nan());
    let least = visited().copied().fold(f64::INFINITY, f64::min);
    let peak = visited().copied().fold(f64::NEG_INFINITY, f64::max) - least;
    if rows.min(columns) < 3 || peak.is_nan() || peak <= 0.0 {
        return f64::NAN;
    }
    let walls = Walls::new(rows, columns, map);
    let smallest = LEAST_FIELD * visited().count() as f64;
    let (mut coverage, mut weight, mut moment) = (0.0_f64, 0.0, 0.0);
    for field in fields(columns, map, least + FIELD * peak) {
        if (field.len() as f64) < smallest {
            continue;
        }
        coverage = coverage.max(walls.coverage(&field));
        for cell in field {
            weight += map[cell] - least;
            moment += (map[cell] - least) * walls.distance(cell);
        }
    }
    let distance = moment / weight;
    (coverage - distance) / (coverage + distance)
}

/// Connected cells of at least a rate, each list a field.
fn fields(columns: usize, map: &[f64], threshold: f64) -> Vec<Vec<usize>> {
    let mut is_open: Vec<bool> = map.iter().map(|rate| *rate >= threshold).collect();
    let mut fields = Vec::new();
    for seed in 0..map.len() {
        if !std::mem::take(&mut is_open[seed]) {
            continue;
        }
        let (mut field, mut next) = (vec![seed], 0);
        while let Some(&cell) = field.get(next) {
            next += 1;
            let column = cell % columns;
            let beside = [
                (column > 0).then(|| cell - 1),
                (column + 1 < columns).then_some(cell + 1),
                cell.checked_sub(columns),
                (cell + columns < map.len()).then_some(cell + columns),
            ];
            for other in beside.into_iter().flatten() {
                if std::mem::take(&mut is_open[other]) {
                    field.push(other);
                }
            }
        }
        fields.push(field);
    }
    fields
}

/// The walls of a room, and the visited cells along them.
struct Walls {
    rows: usize,
    columns: usize,
    visited: [f64; 4],
}

impl Walls {
    fn new(rows: usize, columns: usize, map: &[f64]) -> Self {
        let mut walls = Self {
            rows,
            columns,
            visited: [0.0; 4],
        };
        let cells = (0..map.len()).filter(|&cell| !map[cell].is_nan());
        walls.visited = walls.along(cells);
        walls
    }

    /// Cells from each wall: upper, lower, left, right.
    fn distances(&self, cell: usize) -> [usize; 4] {
        let (row, column) = (cell / self.columns, cell % self.columns);
        [row, self.rows - 1 - row, column, self.columns - 1 - column]
    }

    /// How many of some cells lie along each wall.
    fn along(&self, cells: impl Iterator<Item = usize>) -> [f64; 4] {
        let mut counts = [0.0; 4];
        for cell in cells {
            for (count, distance) in counts.iter_mut().zip(self.distances(cell)) {
                *count += f64::from(u8::from(distance == 0));
            }
        }
        counts
    }

    /// The largest share of a wall's visited cells that a field covers.
    fn coverage(&self, field: &[usize]) -> f64 {
        let covered = self.along(field.iter().copied());
        let shares = covered.iter().zip(self.visited);
        // 0/0 at a wall that nobody came to; max drops it.
        shares.map(|(some, all)| some / all).fold(0.0, f64::max)
    }

    /// Distance from the cells at the nearest wall, as a share of the largest.
    fn distance(&self, cell: usize) -> f64 {
        let nearest = self
            .distances(cell)
            .into_iter()
            .fold(usize::MAX, usize::min);
        nearest as f64 / ((self.rows.min(self.columns) - 1) / 2) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(size: usize, rate: impl Fn(usize, usize) -> f64) -> Vec<f64> {
        (0..size * size)
            .map(|cell| rate(cell / size, cell % size))
            .collect()
    }

    #[test]
    fn a_unit_along_one_wall_has_a_score_of_one() {
        let active = |is_active: bool| f64::from(u8::from(is_active));
        for size in [5, 15] {
            let last = size - 1;
            let walls = [
                map(size, |row, _| active(row == 0)),
                map(size, |row, _| active(row == last) - 0.4),
                map(size, |_, column| 3.0 * active(column == 0)),
                map(size, |_, column| 1.0 + 0.01 * active(column == last)),
            ];
            for map in walls {
                assert_eq!(border_score(size, size, &map), 1.0);
            }
        }
        let fading = map(15, |row, _| (-0.5 * (row as f64 / 1.5).powi(2)).exp());
        assert!(border_score(15, 15, &fading) > 0.7);
    }

    #[test]
    fn a_unit_in_the_middle_has_a_score_of_minus_one() {
        let place = |row: usize, column: usize| {
            (-((row as f64 - 7.0).powi(2) + (column as f64 - 7.0).powi(2)) / 8.0).exp()
        };
        assert_eq!(border_score(15, 15, &map(15, place)), -1.0);
    }

    #[test]
    fn coverage_is_that_of_the_best_wall_and_distance_the_mean_of_all_fields() {
        // Half a wall; as much again two cells from it, where the middle is three away.
        let rate = |row: usize, column: usize| {
            f64::from(u8::from(
                row == 0 && column < 4 || row == 2 && (2..6).contains(&column),
            ))
        };
        let rates: Vec<f64> = (0..9 * 8).map(|cell| rate(cell / 8, cell % 8)).collect();
        let distance = 0.5 * 2.0 / 3.0;
        let expected = (0.5 - distance) / (0.5 + distance);
        assert!((border_score(9, 8, &rates) - expected).abs() < 1e-12);
    }

    #[test]
    fn small_fields_and_cells_without_samples_do_not_count() {
        let mut rates = map(15, |row, _| f64::from(u8::from(row == 14)));
        rates[7 * 15 + 7] = 1.0;
        rates[14 * 15] = f64::NAN;
        assert_eq!(border_score(15, 15, &rates), 1.0);
        assert!(border_score(15, 15, &[0.3; 225]).is_nan());
        assert!(border_score(15, 15, &[f64::NAN; 225]).is_nan());
        assert!(border_score(2, 15, &rates[..30]).is_nan());
    }
}
