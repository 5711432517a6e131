//! `creode figure`, on the sample run: what is written is well-formed, holds its words as words, and is as large as asked.

use std::fs;
use std::path::Path;

use creode::figure::kinds::all;
use creode::figure::{Axis, Figure, Plot, Width};
use resvg::usvg::roxmltree::Document;

use crate::shell::{Finished, Folder};

const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../traces/sample");

/// Kinds of what the sample run has no tables of.
const OF_ROOMS: [&str; 2] = ["navigation", "rate-maps"];

fn draw(folder: &Folder, kind: &str, options: &[&str]) -> Finished {
    folder.creode(&[&["figure", SAMPLE, kind], options].concat())
}

fn words(svg: &str) -> Vec<String> {
    let document = Document::parse(svg).unwrap();
    let texts = document
        .descendants()
        .filter(|node| node.has_tag_name("text"));
    texts
        .map(|node| node.text().unwrap_or_default().to_owned())
        .collect()
}

#[test]
fn every_kind_is_written_as_svg_with_its_words_as_words() {
    let folder = Folder::new();
    let path = folder.0.path().join("figure.svg");
    let of_sample = all().into_iter();
    for kind in of_sample.filter(|kind| !OF_ROOMS.contains(&kind.name())) {
        for width in ["85", "180"] {
            let options = ["-o", "figure.svg", "--width", width];
            draw(&folder, kind.name(), &options).expect(0, &[]);
            let svg = fs::read_to_string(&path).unwrap();
            let document = Document::parse(&svg).unwrap();
            let asked = format!("{width}mm");
            assert_eq!(
                document.root_element().attribute("width"),
                Some(asked.as_str())
            );
            let axis = match kind.name() {
                "states" => "PC 1 (trials at step 495)",
                _ => "training step",
            };
            let words = words(&svg);
            assert!(
                words.iter().any(|of| of == axis),
                "{}: {words:?}",
                kind.name()
            );
        }
    }
    assert_eq!(
        fs::read_dir(folder.0.path()).unwrap().count(),
        2,
        "nothing half-written is left"
    );
}

#[test]
fn what_a_run_tells_of_grid_rooms_is_drawn() {
    let folder = Folder::new();
    crate::support::write_arena_run(&folder.0.path().join("rooms"));
    for (kind, options, expected) in [
        (
            "navigation",
            &["--axis", "log"][..],
            &["maze", "score", "decoded"][..],
        ),
        (
            "rate-maps",
            &["--step", "150"],
            &["0: 2.00 bit", "step 100; g: grid score, b: border score"],
        ),
    ] {
        let arguments = [&["figure", "rooms", kind, "-o", "figure.svg"], options].concat();
        folder.creode(&arguments).expect(0, &[]);
        let words = words(&fs::read_to_string(folder.0.path().join("figure.svg")).unwrap());
        for of in expected {
            assert!(words.iter().any(|word| word == of), "{kind}: {words:?}");
        }
    }
    draw(&folder, "rate-maps", &["-o", "figure.svg"]).expect(2, &["no rate maps"]);
    draw(&folder, "navigation", &["-o", "figure.svg"]).expect(2, &["no grid rooms"]);
}

#[test]
fn a_png_has_the_dots_and_the_size_asked_for_and_is_the_same_again() {
    let folder = Folder::new();
    let drawn = |name: &str| {
        draw(&folder, "loss", &["-o", name, "--dpi", "254"]).expect(0, &[]);
        fs::read(folder.0.path().join(name)).unwrap()
    };
    let bytes = drawn("a.png");
    assert_eq!(bytes, drawn("b.png"));
    let mut reader = png::Decoder::new(std::io::Cursor::new(&bytes))
        .read_info()
        .unwrap();
    // Ten dots a millimetre.
    assert_eq!(reader.info().width, 850);
    let dots = reader.info().pixel_dims.unwrap();
    assert_eq!((dots.xppu, dots.yppu), (10_000, 10_000));
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    reader.next_frame(&mut pixels).unwrap();
    let dark = pixels
        .chunks_exact(3)
        .filter(|of| of.iter().all(|&x| x < 0x60))
        .count();
    assert!(dark > 5_000, "{dark} dots of ink");
    assert_eq!(pixels[..3], [255; 3], "the page is white");
}

#[test]
fn hostile_names_stay_names() {
    let hostile = "</text><script>alert(1)</script> & \u{1b}[2J \u{202e}\"'";
    let figure = Figure::from(Plot::new(
        hostile,
        Axis::new(hostile),
        Axis::new("y"),
        Vec::new(),
    ));
    let svg = figure.scene(Width { mm: 300.0 }).to_svg();
    let document = Document::parse(&svg).unwrap();
    assert!(
        !document
            .descendants()
            .any(|node| node.has_tag_name("script"))
    );
    let safe = creode::text::escaped(hostile);
    assert!(
        words(&svg).iter().any(|of| *of == safe),
        "{:?}",
        words(&svg)
    );
}

#[test]
fn the_list_names_every_kind() {
    let listed = Folder::new().creode(&["figure", "--list"]);
    let names: Vec<&str> = all().iter().map(|kind| kind.name()).collect();
    listed.expect(0, &names);
    listed.expect(
        0,
        &["--axis", "--checkpoint, --step", "--coordinate", "--branch"],
    );
}

#[test]
fn what_cannot_be_drawn_is_said_and_leaves_the_file_as_it_was() {
    let folder = Folder::new();
    let path = folder.0.path().join("figure.svg");
    fs::write(&path, "before").unwrap();
    let output = ["-o", "figure.svg"];
    let with = |options: &[&'static str]| [&output[..], options].concat();
    draw(&folder, "bifurcation", &output).expect(2, &["did you mean bifurcations?"]);
    draw(&folder, "loss", &["-o", "figure.pdf"]).expect(2, &[".svg or .png"]);
    draw(&folder, "loss", &["-o", "none/figure.svg"]).expect(2, &["there is no folder none"]);
    draw(&folder, "loss", &with(&["--branch", "1"]))
        .expect(2, &["--branch does not go with loss", "--axis"]);
    draw(&folder, "states", &with(&["--checkpoint", "99"])).expect(2, &["99"]);
    draw(&folder, "spectra", &with(&["--branch", "99"])).expect(2, &["no branch 99"]);
    draw(&folder, "bifurcations", &with(&["--coordinate", "pc4"])).expect(2, &["pc1, pc2, pc3"]);
    draw(&folder, "loss", &with(&["--width", "5"])).expect(2, &["60 to 400 mm"]);
    let no_run = folder.creode(&["figure", "nothing", "loss", "-o", "figure.svg"]);
    no_run.expect(2, &["no run nothing"]);
    assert_eq!(fs::read_to_string(&path).unwrap(), "before");
    let names = |dir: &Path| fs::read_dir(dir).unwrap().count();
    assert_eq!(names(folder.0.path()), 2);
}
