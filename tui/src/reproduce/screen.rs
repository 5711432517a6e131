//! The screen of the dashboard on the page of an experiment.

use std::path::Path;

use anyhow::bail;
use creode::reproduce::Screenshot;

use crate::dashboard::{Headless, Look};

/// Cells of a row and of a column.
const SIZE: (u16, u16) = (120, 36);

/// The screen as SVG; its run is made first, unless it was kept before.
pub(super) fn picture(screenshot: &Screenshot, kept: Option<&Path>) -> anyhow::Result<String> {
    let made = screenshot.made(kept)?;
    drawn(&made.dir, screenshot.screen, screenshot.keys)
}

/// A screen that shows the run in a folder, after some keys.
fn drawn(dir: &Path, screen: &str, keys: &str) -> anyhow::Result<String> {
    let traces = dir.parent().unwrap_or(dir);
    let mut dashboard = Headless::new(dir, traces, screen, Look::Dark);
    dashboard.read_all();
    dashboard.press(keys);
    if let Some(line) = dashboard.damage().first() {
        bail!("{} cannot be shown: {line}", dir.display());
    }
    Ok(dashboard.picture(SIZE.0, SIZE.1))
}

/// The name of its file.
pub(super) fn file(experiment: &str) -> String {
    format!("{experiment}-screen.svg")
}

/// What the page says: the picture, what is seen there, and how to draw it oneself.
pub(super) fn on_page(experiment: &str, is_quick: bool, screenshot: &Screenshot) -> String {
    let keys = match screenshot.keys {
        "" => String::new(),
        keys => format!(" --keys \"{keys}\""),
    };
    format!(
        "![{screen}]({file})\n\n{caption} Once `creode reproduce {experiment}{quick} --keep` has kept the run, \
         `creode picture {experiment}/{run} --screen {screen}{keys}` draws it, and `creode replay` opens it.",
        screen = screenshot.screen,
        file = file(experiment),
        caption = screenshot.caption,
        quick = if is_quick { " --quick" } else { "" },
        run = screenshot.run_name(),
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_screen_is_the_one_that_is_asked_for_after_the_keys() {
        let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("../traces/sample");
        let title = |screen, keys| {
            let picture = drawn(&sample, screen, keys).unwrap();
            let (_, title) = picture.split_once("<title>").unwrap();
            title.split_once("</title>").unwrap().0.to_owned()
        };
        let [first, last] = ["g", "G"].map(|keys| title("landscape", keys));
        assert_eq!(first, "Creode: sample, screen Landscape, step 0");
        assert_ne!(first, last);
        assert!(title("diagram", "").contains("screen Diagram"));
    }
}
