//! A trial drawn in characters.

use super::text::{Style, WIDTH};

/// One channel over time.
pub(super) struct Signal {
    pub(super) name: String,
    pub(super) values: Vec<f64>,
    /// Of a target, how much it counts; it is drawn only where it does.
    pub(super) weights: Option<Vec<f64>>,
}

/// Columns to the left of the drawing.
const LABEL: usize = 18;
/// Rows of a channel's curve; where there are more channels, each is one row of shades.
const ROWS: usize = 2;
const MOST_CURVES: usize = 6;

/// All channels, inputs first, and where targets count.
pub(super) fn trial(signals: &[Signal], steps: usize, style: Style) -> String {
    let mut output = String::new();
    let (targets, inputs): (Vec<&Signal>, Vec<&Signal>) =
        signals.iter().partition(|signal| signal.weights.is_some());
    for (group, colour) in [(&inputs, 36), (&targets, 33)] {
        for signal in group {
            output += &if group.len() > MOST_CURVES {
                shades(signal, colour, style)
            } else {
                curve(signal, colour, style)
            };
        }
    }
    let counts = Signal {
        name: "counts".to_owned(),
        values: (0..steps)
            .map(|step| {
                targets
                    .iter()
                    .filter_map(|target| target.weights.as_ref())
                    .fold(0.0, |most, weights| weights[step].max(most))
            })
            .collect(),
        weights: None,
    };
    output += &shades(&counts, 2, style);
    let columns = WIDTH - LABEL;
    let end = format!("{steps} steps");
    output + &format!("{}0{end:>rest$}\n", " ".repeat(LABEL), rest = columns - 1)
}

/// The values of each of `columns` columns, from the least to the greatest; `None` where nothing counts.
fn columns(signal: &Signal, columns: usize) -> Vec<Option<(f64, f64)>> {
    let steps = signal.values.len();
    (0..columns)
        .map(|column| {
            let from = column * steps / columns;
            let to = ((column + 1) * steps / columns).max(from + 1);
            (from..to)
                .filter(|&step| {
                    signal
                        .weights
                        .as_ref()
                        .is_none_or(|weights| weights[step] > 0.0)
                })
                .map(|step| signal.values[step])
                .fold(None, |range: Option<(f64, f64)>, value| {
                    let (low, high) = range.unwrap_or((value, value));
                    Some((low.min(value), high.max(value)))
                })
        })
        .collect()
}

/// A curve of `ROWS` rows, with dots of Braille or points.
fn curve(signal: &Signal, colour: u8, style: Style) -> String {
    let (wide, high) = if style.ascii { (1, 1) } else { (2, 4) };
    let rows = if style.ascii { ROWS + 1 } else { ROWS };
    let levels = rows * high;
    let ranges = columns(signal, (WIDTH - LABEL) * wide);
    let shown = ranges.iter().flatten();
    let (low, high_value) = shown.fold((0.0_f64, 0.0_f64), |(low, high), range| {
        (low.min(range.0), high.max(range.1))
    });
    let scale = (levels - 1) as f64 / (high_value - low).max(f64::MIN_POSITIVE);
    let level = |value: f64| ((value - low) * scale).round() as usize;
    let mut dots = vec![vec![false; ranges.len()]; levels];
    let mut before = None;
    for (column, range) in ranges.iter().enumerate() {
        if let Some((least, most)) = *range {
            let (mut bottom, mut top) = (level(least), level(most));
            // A jump is drawn as a line.
            if let Some((low, high)) = before {
                bottom = bottom.min(high);
                top = top.max(low);
            }
            for row in bottom..=top {
                dots[row][column] = true;
            }
            before = Some((level(least), level(most)));
        } else {
            before = None;
        }
    }
    let mut output = String::new();
    for row in (0..rows).rev() {
        let cells: String = (0..WIDTH - LABEL)
            .map(|cell| {
                let is_set = |x: usize, y: usize| dots[row * high + high - 1 - y][cell * wide + x];
                if style.ascii {
                    if is_set(0, 0) { '*' } else { ' ' }
                } else {
                    braille(is_set)
                }
            })
            .collect();
        let label = match row {
            _ if row == rows - 1 => label(&signal.name, &number(high_value), style),
            0 => label("", &number(low), style),
            _ => label("", "", style),
        };
        output.extend([
            label,
            style.paint(cells.trim_end(), colour),
            "\n".to_owned(),
        ]);
    }
    output
}

/// The character of Braille with the dots (x, y) that are set, y from the top.
fn braille(is_set: impl Fn(usize, usize) -> bool) -> char {
    const BITS: [[u32; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];
    let mut bits = 0;
    for (y, row) in BITS.iter().enumerate() {
        for (x, bit) in row.iter().enumerate() {
            if is_set(x, y) {
                bits |= bit;
            }
        }
    }
    if bits == 0 {
        return ' ';
    }
    char::from_u32(0x2800 + bits).unwrap_or(' ')
}

/// One row whose shades are absolute values, relative to the greatest.
fn shades(signal: &Signal, colour: u8, style: Style) -> String {
    let ramp: [char; 5] = if style.ascii {
        [' ', '.', '-', '+', '#']
    } else {
        [' ', '░', '▒', '▓', '█']
    };
    let ranges = columns(signal, WIDTH - LABEL);
    let size = |range: &(f64, f64)| range.0.abs().max(range.1.abs());
    let most = ranges.iter().flatten().map(size).fold(0.0, f64::max);
    let cells: String = ranges
        .iter()
        .map(|range| {
            let share = range.as_ref().map_or(0.0, size) / most.max(f64::MIN_POSITIVE);
            ramp[(share * 4.0).ceil() as usize]
        })
        .collect();
    format!(
        "{}{}\n",
        label(&signal.name, &number(most), style),
        style.paint(cells.trim_end(), colour)
    )
}

/// A name to the left and a number to the right, in `LABEL` columns.
fn label(name: &str, number: &str, style: Style) -> String {
    let room = LABEL - 2 - number.len();
    let name: String = style.plain(name).chars().take(room - 1).collect();
    format!("{name:<room$}{number} ") + if style.ascii { "|" } else { "│" }
}

/// At most three digits that matter.
fn number(value: f64) -> String {
    format!("{}", (value * 100.0).round() / 100.0 + 0.0)
}
