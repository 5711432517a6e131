//! TensorBoard's event files.
//!
//! A file is a sequence of records (TFRecord): the length of the data in 8 bytes, a checksum of these 8, the data, a checksum of
//! the data. The checksum is CRC-32C, turned right by 15 bits, plus 0xa282ead8. The data of a record is a protocol buffer
//! `Event { wall_time = 1, step = 2, summary = 5 { value = 1 { tag = 1, simple_value = 2, tensor = 8 } } }`.

use std::fs::File;
use std::io::{self, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use super::{EVENT_FILE, Told};
use crate::files;

/// Records of more bytes hold pictures, and are passed over.
const MOST_RECORD: u64 = 1 << 20;
/// A record beyond this is damage.
const MOST_LENGTH: u64 = 1 << 32;

/// The event files of a folder, in the order of their names, which begin with the time.
#[derive(Debug)]
pub(super) struct EventFiles {
    folder: PathBuf,
    files: Vec<EventFile>,
    /// Time of the first event, in seconds.
    begun: Option<f64>,
    pub(super) unreadable: u64,
}

#[derive(Debug)]
struct EventFile {
    path: PathBuf,
    offset: u64,
    is_damaged: bool,
}

impl EventFiles {
    /// Those beside a file.
    pub(super) fn beside(path: &Path) -> Self {
        Self {
            folder: path.parent().map_or_else(PathBuf::new, Path::to_path_buf),
            files: Vec::new(),
            begun: None,
            unreadable: 0,
        }
    }

    /// What came since, of whole records. What follows a damaged record of a file is lost.
    pub(super) fn read(&mut self) -> Vec<Told> {
        self.look();
        let mut told = Vec::new();
        for file in &mut self.files {
            if file.is_damaged {
                continue;
            }
            let mut take = |record: &[u8]| match event(record) {
                Some(event) => told.extend(event.told(&mut self.begun)),
                None => self.unreadable += 1,
            };
            // A file that cannot be read now may be at the next look.
            if file.records(&mut take).is_ok_and(|is_sound| !is_sound) {
                file.is_damaged = true;
                self.unreadable += 1;
            }
        }
        told
    }

    fn look(&mut self) {
        let Ok(entries) = std::fs::read_dir(&self.folder) else {
            return;
        };
        for entry in entries.flatten() {
            let path = entry.path();
            let is_known = self.files.iter().any(|file| file.path == path);
            if entry.file_name().to_string_lossy().starts_with(EVENT_FILE) && !is_known {
                self.files.push(EventFile {
                    path,
                    offset: 0,
                    is_damaged: false,
                });
            }
        }
        self.files.sort_by(|a, b| a.path.cmp(&b.path));
    }
}

impl EventFile {
    /// Reads the whole records that came since; whether all of them were sound.
    fn records(&mut self, take: &mut dyn FnMut(&[u8])) -> io::Result<bool> {
        let mut file = files::open(&self.path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(self.offset))?;
        let mut reader = BufReader::new(file);
        while let Some(left) = length.checked_sub(self.offset + 12) {
            let mut head = [0; 12];
            reader.read_exact(&mut head)?;
            let (size, sum) = head.split_at(8);
            let bytes = u64::from_le_bytes(size.try_into().unwrap_or_default());
            if masked_crc(size) != le32(sum) || bytes > MOST_LENGTH {
                return Ok(false);
            }
            if left < bytes + 4 {
                break;
            }
            if bytes > MOST_RECORD {
                reader.seek_relative(bytes as i64 + 4)?;
            } else if !record(&mut reader, bytes as usize, take)? {
                return Ok(false);
            }
            self.offset += 12 + bytes + 4;
        }
        Ok(true)
    }
}

/// Takes the data of a record if its checksum fits.
fn record(
    reader: &mut BufReader<File>,
    bytes: usize,
    take: &mut dyn FnMut(&[u8]),
) -> io::Result<bool> {
    let mut data = vec![0; bytes + 4];
    reader.read_exact(&mut data)?;
    let (data, sum) = data.split_at(bytes);
    let is_sound = masked_crc(data) == le32(sum);
    if is_sound {
        take(data);
    }
    Ok(is_sound)
}

fn le32(bytes: &[u8]) -> u32 {
    u32::from_le_bytes(bytes.try_into().unwrap_or_default())
}

/// The checksum of a record.
pub(super) fn masked_crc(bytes: &[u8]) -> u32 {
    crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8)
}

/// CRC-32 with the polynomial of Castagnoli, bits reversed.
fn crc32c(bytes: &[u8]) -> u32 {
    const TABLE: [u32; 256] = {
        let mut table = [0; 256];
        let mut byte = 0;
        while byte < 256 {
            let mut rest = byte as u32;
            let mut bit = 0;
            while bit < 8 {
                rest = (rest >> 1) ^ (0x82f6_3b78 & (rest & 1).wrapping_neg());
                bit += 1;
            }
            table[byte] = rest;
            byte += 1;
        }
        table
    };
    let step = |sum: u32, byte: &u8| TABLE[usize::from(sum as u8 ^ byte)] ^ (sum >> 8);
    !bytes.iter().fold(!0, step)
}

/// What an event says.
#[derive(Debug, Default)]
struct Event {
    wall_time: f64,
    step: i64,
    scalars: Vec<(String, f64)>,
}

impl Event {
    /// Its scalars, with the seconds since the first event.
    fn told(mut self, begun: &mut Option<f64>) -> Option<Told> {
        let begun = *begun.get_or_insert(self.wall_time);
        if self.scalars.is_empty() {
            return None;
        }
        let step = u64::try_from(self.step).ok()?;
        self.scalars
            .push(("wall_secs".to_owned(), self.wall_time - begun));
        Some(Told {
            step,
            values: self.scalars,
        })
    }
}

/// The value of a field of a protocol buffer.
#[derive(Debug, Clone, Copy)]
enum Field<'a> {
    Varint(u64),
    Fixed64(u64),
    Fixed32(u32),
    Bytes(&'a [u8]),
}

/// Cuts a variable-length number off the beginning of some bytes.
fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for place in 0..10 {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(first & 0x7f).checked_shl(7 * place)?;
        if first & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// Visits the fields of a message by their numbers; `None` if it is none.
fn fields<'a>(mut bytes: &'a [u8], mut visit: impl FnMut(u64, Field<'a>)) -> Option<()> {
    fn cut<'a>(bytes: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
        let (first, rest) = bytes.split_at_checked(count)?;
        *bytes = rest;
        Some(first)
    }
    while !bytes.is_empty() {
        let key = varint(&mut bytes)?;
        let value = match key & 7 {
            0 => Field::Varint(varint(&mut bytes)?),
            1 => Field::Fixed64(u64::from_le_bytes(cut(&mut bytes, 8)?.try_into().ok()?)),
            2 => {
                let count = usize::try_from(varint(&mut bytes)?).ok()?;
                Field::Bytes(cut(&mut bytes, count)?)
            }
            5 => Field::Fixed32(u32::from_le_bytes(cut(&mut bytes, 4)?.try_into().ok()?)),
            _ => return None,
        };
        visit(key >> 3, value);
    }
    Some(())
}

fn event(bytes: &[u8]) -> Option<Event> {
    let mut event = Event::default();
    let mut is_whole = true;
    fields(bytes, |number, field| match (number, field) {
        (1, Field::Fixed64(bits)) => event.wall_time = f64::from_bits(bits),
        (2, Field::Varint(step)) => event.step = step as i64,
        (5, Field::Bytes(summary)) => {
            let values = fields(summary, |number, field| {
                if let (1, Field::Bytes(value)) = (number, field) {
                    match scalar(value) {
                        Some(scalar) => event.scalars.extend(scalar),
                        None => is_whole = false,
                    }
                }
            });
            is_whole &= values.is_some();
        }
        _ => {}
    })?;
    is_whole.then_some(event)
}

/// The tag and value of a summary if it is a scalar; `None` if it is no message.
#[allow(clippy::option_option)] // No message, and a message without a scalar.
fn scalar(bytes: &[u8]) -> Option<Option<(String, f64)>> {
    let mut tag = None;
    let mut number = None;
    let mut is_whole = true;
    fields(bytes, |place, field| match (place, field) {
        (1, Field::Bytes(text)) => tag = std::str::from_utf8(text).ok().map(str::to_owned),
        (2, Field::Fixed32(bits)) => number = Some(f64::from(f32::from_bits(bits))),
        (8, Field::Bytes(tensor)) => match one_number(tensor) {
            Some(of) => number = number.or(of),
            None => is_whole = false,
        },
        _ => {}
    })?;
    is_whole.then(|| tag.zip(number))
}

/// The number of a tensor that holds a single f32 or f64: `TensorProto { dtype = 1, tensor_content = 4, float_val = 5,
/// double_val = 6 }`.
#[allow(clippy::option_option)] // As above.
fn one_number(bytes: &[u8]) -> Option<Option<f64>> {
    const F32: u64 = 1;
    const F64: u64 = 2;
    let mut dtype = 0;
    let mut content: Option<&[u8]> = None;
    let mut number = None;
    fields(bytes, |place, field| match (place, field) {
        (1, Field::Varint(kind)) => dtype = kind,
        (4..=6, Field::Bytes(bytes)) => content = Some(bytes),
        (5, Field::Fixed32(bits)) => number = Some(f64::from(f32::from_bits(bits))),
        (6, Field::Fixed64(bits)) => number = Some(f64::from_bits(bits)),
        _ => {}
    })?;
    let of_content = content.and_then(|bytes| match dtype {
        F32 => bytes.try_into().ok().map(f32::from_le_bytes).map(f64::from),
        F64 => bytes.try_into().ok().map(f64::from_le_bytes),
        _ => None,
    });
    Some(number.or(of_content))
}
