//! `creode picture`.

use std::io::Write as _;

use anyhow::Context as _;

use crate::cli::{PictureArgs, Place};
use crate::dashboard::{Headless, Look};
use crate::runs;

/// Draws a screen of the dashboard as SVG, on stdout.
pub(crate) fn picture(args: &PictureArgs, place: &Place) -> anyhow::Result<u8> {
    let (width, height) = args
        .size
        .split_once('x')
        .and_then(|(width, height)| Some((width.parse().ok()?, height.parse().ok()?)))
        .with_context(|| format!("--size {} is no size, such as 120x36", args.size))?;
    let look = if args.light { Look::Light } else { Look::Dark };
    let dir = runs::find(&args.run, place)?;
    let mut dashboard = Headless::new(&dir, &place.traces, &args.screen, look);
    dashboard.read_all();
    dashboard.press(&args.keys);
    std::io::stdout().write_all(dashboard.picture(width, height).as_bytes())?;
    Ok(0)
}
