//! `creode curricula`.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use creode::curriculum::Curriculum;
use creode::text::escaped;
use serde_json::json;

use crate::analyze::table::aligned;
use crate::arguments::Format;
use crate::say::{print, print_json, say};

/// Arguments of `creode curricula`.
#[derive(Debug, Args)]
pub(crate) struct CurriculaArgs {
    /// Folder of curriculum files
    #[arg(default_value = "curricula")]
    folder: PathBuf,
    /// How to print them
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

/// One curriculum file.
struct Listed {
    path: PathBuf,
    question: String,
    /// Its content, or why it cannot be read.
    curriculum: Result<Curriculum, String>,
}

/// Lists the curricula of a folder with the questions that they ask.
pub(crate) fn curricula(args: &CurriculaArgs) -> anyhow::Result<u8> {
    let listed = list(&args.folder)?;
    match args.format {
        Format::Table => {
            let lines = aligned(&listed.iter().map(row).collect::<Vec<_>>());
            print(&(lines.join("\n") + "\n"))?;
        }
        Format::Json => {
            let all: Vec<_> = listed.iter().map(as_json).collect();
            print_json(&format!("{}\n", json!({ "curricula": all })))?;
        }
    }
    for of in &listed {
        if let Err(problem) = &of.curriculum {
            say!("{problem}");
        }
    }
    Ok(0)
}

fn list(folder: &Path) -> anyhow::Result<Vec<Listed>> {
    let read = || format!("cannot read the folder {}", folder.display());
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .with_context(read)?
        .map(|entry| Ok(entry?.path()))
        .collect::<std::io::Result<_>>()
        .with_context(read)?;
    paths.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "toml")
    });
    paths.sort();
    let listed = paths.into_iter().map(|path| {
        // What is no curriculum, too large for one, or no file at all keeps nothing from being listed.
        let text = creode::curriculum::read(&path);
        let curriculum = text.as_ref().map_err(ToString::to_string).and_then(|text| {
            Curriculum::parse(text, &path.display().to_string(), &[])
                .map_err(|error| error.to_string())
        });
        Listed {
            question: text.map_or(String::new(), |text| question(&text)),
            curriculum,
            path,
        }
    });
    Ok(listed.collect())
}

/// Characters of the longest question that is listed.
const MOST_CHARACTERS: usize = 400;

/// The first sentence of the opening comment.
fn question(text: &str) -> String {
    let comment = text
        .lines()
        .map_while(|line| line.strip_prefix('#'))
        .map(str::trim)
        .take_while(|line| !line.is_empty());
    let comment = comment.collect::<Vec<_>>().join(" ");
    let sentence = match comment.find('?') {
        Some(end) => &comment[..=end],
        None => &comment,
    };
    sentence.chars().take(MOST_CHARACTERS).collect()
}

fn row(of: &Listed) -> [String; 2] {
    let path = of.path.display().to_string();
    [
        escaped(&path).into_owned(),
        escaped(&of.question).into_owned(),
    ]
}

fn as_json(of: &Listed) -> serde_json::Value {
    let path = of.path.display().to_string();
    match &of.curriculum {
        Ok(curriculum) => json!({
            "path": path, "name": curriculum.name, "question": of.question, "steps": curriculum.total_steps(),
            "stages": curriculum.stages.iter().map(|stage| &stage.name).collect::<Vec<_>>(),
        }),
        Err(problem) => json!({ "path": path, "question": of.question, "problem": problem }),
    }
}
