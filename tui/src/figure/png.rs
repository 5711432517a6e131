//! A figure as a PNG file, the same on every computer: it is set in fonts that come with Creode, whatever is installed.

use anyhow::Context as _;
use resvg::tiny_skia::{Color, Pixmap, Transform};
use resvg::usvg::{Options, Tree};

/// Letters of the widths that the layout reckons with.
const FONTS: [&[u8]; 2] = [
    include_bytes!("../../fonts/Arimo-Regular.ttf"),
    include_bytes!("../../fonts/Arimo-Bold.ttf"),
];
const FAMILY: &str = "Arimo";
/// Dots of an inch that lengths in an SVG are read with.
const SVG_DPI: f32 = 96.0;
const INCHES_OF_A_METRE: f64 = 1000.0 / 25.4;

/// Draws an SVG with so many dots an inch; the file says how large it is on paper.
pub(super) fn of_svg(svg: &str, dpi: u16) -> anyhow::Result<Vec<u8>> {
    let mut options = Options {
        dpi: SVG_DPI,
        font_family: FAMILY.to_owned(),
        ..Options::default()
    };
    let fonts = options.fontdb_mut();
    for font in FONTS {
        fonts.load_font_data(font.to_vec());
    }
    fonts.set_sans_serif_family(FAMILY);
    let tree = Tree::from_str(svg, &options).context("the figure is no SVG")?;
    let scale = f32::from(dpi) / SVG_DPI;
    let dots = |length: f32| (length * scale).round().max(1.0) as u32;
    let [width, height] = [tree.size().width(), tree.size().height()].map(dots);
    let mut pixels = Pixmap::new(width, height).with_context(|| {
        format!("{width} × {height} dots are too many: choose fewer with --dpi")
    })?;
    pixels.fill(Color::WHITE);
    resvg::render(
        &tree,
        Transform::from_scale(scale, scale),
        &mut pixels.as_mut(),
    );
    encoded(&pixels, dpi)
}

/// Without transparency: the page is white.
fn encoded(pixels: &Pixmap, dpi: u16) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, pixels.width(), pixels.height());
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let dots_of_a_metre = (f64::from(dpi) * INCHES_OF_A_METRE).round() as u32;
    encoder.set_pixel_dims(Some(png::PixelDimensions {
        xppu: dots_of_a_metre,
        yppu: dots_of_a_metre,
        unit: png::Unit::Meter,
    }));
    let colours: Vec<u8> = pixels
        .pixels()
        .iter()
        .flat_map(|of| [of.red(), of.green(), of.blue()])
        .collect();
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&colours)?;
    writer.finish()?;
    Ok(bytes)
}
