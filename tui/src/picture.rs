//! `creode picture`.

use anyhow::{Context as _, bail};
use creode::text::first_messages;
use creode::trace::Run;

use crate::arguments::{ERROR, PictureArgs, TracesFolder};
use crate::dashboard::{Headless, Look, screen_names};
use crate::runs;
use crate::say::{print_as_is, say};

/// Cells of the widest and of the highest picture.
const MOST_CELLS: u16 = 1000;

/// Draws a screen of the dashboard as SVG, on stdout; what could not be read is named, and makes the exit code that of an
/// error.
pub(crate) fn picture(args: &PictureArgs, place: &TracesFolder) -> anyhow::Result<u8> {
    let cells = |text: &str| {
        let count = text.parse::<u16>().ok();
        count.filter(|count| (1..=MOST_CELLS).contains(count))
    };
    let (width, height) = args
        .size
        .split_once('x')
        .and_then(|(width, height)| Some((cells(width)?, cells(height)?)))
        .with_context(|| {
            format!(
                "--size {} is no size: expected two numbers of 1 to {MOST_CELLS}, as in 120x36",
                args.size
            )
        })?;
    let names = screen_names();
    if !names
        .iter()
        .any(|name| name.eq_ignore_ascii_case(&args.screen))
    {
        let near = runs::nearest(&args.screen, names.iter().map(String::as_str));
        let hint = near.map_or(String::new(), |name| format!("did you mean {name}? "));
        bail!(
            "no screen {}; {hint}There are {}",
            args.screen,
            names.join(", ")
        );
    }
    let look = if args.light { Look::Light } else { Look::Dark };
    let dirs = runs::find_all(&args.runs, place, runs::find)?;
    let mut dashboard = Headless::of_several(&dirs, &place.traces, &args.screen, look);
    dashboard.read_all();
    dashboard.press(&args.keys);
    print_as_is(&dashboard.picture(width, height))?;
    for run in dirs.iter().filter_map(|dir| Run::open(dir).ok()) {
        runs::remark(&run);
    }
    let damage = dashboard.damage();
    if damage.is_empty() {
        return Ok(0);
    }
    let lines = damage.iter().map(|line| format!("  {line}"));
    say!(
        "error: the rest was drawn, but this could not be read; `creode verify RUN` looks at all files of a run\n{}",
        first_messages(lines, damage.len())
    );
    Ok(ERROR)
}
