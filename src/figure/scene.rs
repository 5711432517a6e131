//! What is drawn, in points from the upper left corner.

/// A colour, red, green, blue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colour(pub u8, pub u8, pub u8);

impl Colour {
    /// Of axes and words.
    pub const INK: Self = Self(0x33, 0x33, 0x33);
    /// Of what stands in the background.
    pub const FAINT: Self = Self(0xbb, 0xbb, 0xbb);
    /// Colours that readers with any colour vision tell apart (Okabe & Ito 2008).
    pub const DISTINCT: [Self; 6] = [
        Self(0x00, 0x72, 0xb2),
        Self(0xd5, 0x5e, 0x00),
        Self(0x00, 0x9e, 0x73),
        Self(0xcc, 0x79, 0xa7),
        Self(0xe6, 0x9f, 0x00),
        Self(0x56, 0xb4, 0xe9),
    ];
}

/// To which side of its place a word extends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// To the right.
    Start,
    /// To both.
    Middle,
    /// To the left.
    End,
}

/// One thing drawn.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Shape {
    /// A line through points, `[x, y]`.
    Line {
        /// Where it goes.
        points: Vec<[f64; 2]>,
        /// Its colour.
        colour: Colour,
        /// Its width.
        width: f64,
        /// Whether it is dashed.
        is_dashed: bool,
    },
    /// A disc.
    Disc {
        /// Its centre.
        centre: [f64; 2],
        /// Its radius.
        radius: f64,
        /// Its colour.
        colour: Colour,
    },
    /// A line of text.
    Text {
        /// Where its baseline starts, is centred or ends.
        at: [f64; 2],
        /// Which of these.
        anchor: Anchor,
        /// Height of the letters.
        size: f64,
        /// Whether it reads upward.
        is_upright: bool,
        /// The words.
        text: String,
    },
}

/// A figure.
#[derive(Debug, Clone, PartialEq)]
pub struct Scene {
    /// Width.
    pub width: f64,
    /// Height.
    pub height: f64,
    /// What it shows, for readers who do not see it.
    pub description: String,
    /// What is drawn, the hindmost first.
    pub shapes: Vec<Shape>,
}

impl Scene {}
