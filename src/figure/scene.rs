//! What is drawn, in points (1/72 inch) from the upper left corner.

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
        Self::BLUE,
        Self::VERMILION,
        Self::GREEN,
        Self::PURPLE,
        Self::ORANGE,
        Self::SKY,
    ];
    /// The blue of Okabe & Ito.
    pub const BLUE: Self = Self(0x00, 0x72, 0xb2);
    /// Their vermilion.
    pub const VERMILION: Self = Self(0xd5, 0x5e, 0x00);
    /// Their bluish green.
    pub const GREEN: Self = Self(0x00, 0x9e, 0x73);
    /// Their reddish purple.
    pub const PURPLE: Self = Self(0xcc, 0x79, 0xa7);
    /// Their orange.
    pub const ORANGE: Self = Self(0xe6, 0x9f, 0x00);
    /// Their sky blue.
    pub const SKY: Self = Self(0x56, 0xb4, 0xe9);
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

/// How a line is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dash {
    /// It is not.
    Solid,
    /// Into dashes.
    Dashed,
    /// Into dots.
    Dotted,
}

/// Shape of a marker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Glyph {
    /// A disc.
    Disc,
    /// A square on its side.
    Square,
    /// A triangle that points up.
    Triangle,
    /// A square on its corner.
    Diamond,
    /// A triangle that points down.
    Funnel,
    /// An upright cross.
    Plus,
    /// A diagonal cross.
    Cross,
}

impl Glyph {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Disc,
        Self::Square,
        Self::Triangle,
        Self::Diamond,
        Self::Funnel,
        Self::Plus,
        Self::Cross,
    ];
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
        /// How it is broken.
        dash: Dash,
    },
    /// The inside of a closed line, half transparent.
    Area {
        /// Its corners.
        points: Vec<[f64; 2]>,
        /// Its colour.
        colour: Colour,
    },
    /// A rectangle.
    Rectangle {
        /// Its upper left corner.
        corner: [f64; 2],
        /// Its width and height.
        size: [f64; 2],
        /// Its colour.
        colour: Colour,
    },
    /// A marker.
    Marker {
        /// Its centre.
        centre: [f64; 2],
        /// Its shape.
        glyph: Glyph,
        /// Half its width.
        radius: f64,
        /// Its colour.
        colour: Colour,
        /// Whether it is filled, or an outline.
        is_filled: bool,
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
        /// Whether it is bold.
        is_bold: bool,
        /// The words.
        text: String,
    },
}

impl Shape {
    /// Words in ink, from left to right.
    pub(super) fn words(at: [f64; 2], anchor: Anchor, size: f64, text: &str) -> Self {
        Self::Text {
            at,
            anchor,
            size,
            is_upright: false,
            is_bold: false,
            text: text.to_owned(),
        }
    }

    /// A line of an axis.
    pub(super) fn ink(points: Vec<[f64; 2]>) -> Self {
        Self::Line {
            points,
            colour: Colour::INK,
            width: 0.6,
            dash: Dash::Solid,
        }
    }
}

/// A figure, laid out.
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
