//! What a Parquet file claims of its sizes, held against what is there before memory is taken for it.
//!
//! The footer claims numbers of rows, values and bytes, and so does the header of every page. The decoder believes them: a
//! file of some kilobytes can ask for terabytes. Here all of these claims are added up without decoding anything.
//!
//! The headers are in Thrift's compact protocol (<https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md>),
//! the fields those of `PageHeader` (<https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift>).
//!
//! The bounds are far above what a run writes, and far below what would exhaust a machine; files that exceed them
//! are damaged.

use bytes::Bytes;
use parquet::file::metadata::{ColumnChunkMetaData, RowGroupMetaData};

use crate::memory::size_text;

/// Values of a list column that a small file may hold: 64 MiB of numbers.
const MOST_VALUES: u64 = 1 << 23;
/// Bytes that a small file may unpack to.
const MOST_UNPACKED: u64 = 128 << 20;
/// Bytes that the rows of a small file may take in memory.
const MOST_ROW_BYTES: u64 = 192 << 20;
/// Bytes that the texts of a column may take if they all were as long as its dictionary.
const MOST_TEXT_BYTES: u64 = 256 << 20;

/// A part of a Parquet file that is in memory: the bytes from `offset` on.
#[derive(Debug, Clone)]
pub(crate) struct Window {
    pub(crate) offset: u64,
    pub(crate) bytes: Bytes,
}

impl Window {
    /// The bytes from one place in the file to another.
    pub(crate) fn slice(&self, from: u64, length: u64) -> Option<Bytes> {
        let from = from.checked_sub(self.offset)?;
        let end = from.checked_add(length)?;
        if end > self.bytes.len() as u64 {
            return None;
        }
        Some(self.bytes.slice(from as usize..end as usize))
    }
}

/// What the pages of a column claim together.
#[derive(Debug, Default)]
struct Claims {
    values: u64,
    unpacked: u64,
    dictionary_bytes: u64,
}

/// Says in words what is wrong with the claims of some row groups whose pages lie in `window`, of the columns that `is_read`
/// chooses. `row_bytes` is what a row takes in memory.
pub(crate) fn check(
    groups: &[RowGroupMetaData],
    window: &Window,
    row_bytes: usize,
    is_read: impl Fn(&ColumnChunkMetaData) -> bool,
) -> Result<(), String> {
    let there = window.bytes.len() as u64;
    let rows = groups.iter().try_fold(0_u64, |sum, group| {
        let rows = u64::try_from(group.num_rows()).ok()?;
        sum.checked_add(rows)
    });
    let most_rows = (MOST_ROW_BYTES / row_bytes.max(1) as u64).max(there / 16);
    let rows = rows.filter(|&rows| rows <= most_rows).ok_or_else(|| {
        format!(
            "its footer claims more rows than its {} can hold",
            size_text(there)
        )
    })?;
    let mut unpacked = 0_u64;
    for column in groups.iter().flat_map(RowGroupMetaData::columns) {
        if !is_read(column) {
            continue;
        }
        let name = column.column_path().string();
        let claims = claims(column, window).ok_or_else(|| {
            format!("the pages of its column `{name}` are not where its footer says, or are broken")
        })?;
        let is_list = column.column_descr().max_rep_level() > 0;
        let most_values = if is_list {
            MOST_VALUES.max(there / 2)
        } else {
            rows
        };
        let is_text = column.column_type() == parquet::basic::Type::BYTE_ARRAY;
        let text_bytes = claims.dictionary_bytes.saturating_mul(rows);
        unpacked = unpacked.saturating_add(claims.unpacked);
        let is_too_much = claims.values > most_values
            || unpacked > MOST_UNPACKED.max(16 * there)
            || (is_text && text_bytes > MOST_TEXT_BYTES.max(16 * there));
        if is_too_much {
            return Err(format!(
                "its column `{name}` claims {} values and {}, more than {} of file can hold",
                claims.values,
                size_text(claims.unpacked),
                size_text(there)
            ));
        }
    }
    Ok(())
}

fn claims(column: &ColumnChunkMetaData, window: &Window) -> Option<Claims> {
    let data = u64::try_from(column.data_page_offset()).ok()?;
    let dictionary = column.dictionary_page_offset();
    let start = match dictionary {
        Some(offset) => data.min(u64::try_from(offset).ok()?),
        None => data,
    };
    let length = u64::try_from(column.compressed_size()).ok()?;
    let pages = window.slice(start, length)?;
    let mut rest: &[u8] = &pages;
    let mut claims = Claims::default();
    while !rest.is_empty() {
        let header = PageHeader::read(&mut rest)?;
        let (_, after) = rest.split_at_checked(usize::try_from(header.compressed).ok()?)?;
        rest = after;
        claims.unpacked = claims.unpacked.saturating_add(header.unpacked);
        if header.is_dictionary {
            claims.dictionary_bytes = claims.dictionary_bytes.max(header.unpacked);
        } else {
            claims.values = claims.values.saturating_add(header.values);
        }
    }
    Some(claims)
}

/// The sizes that the header of a page claims.
#[derive(Debug, Default, PartialEq, Eq)]
struct PageHeader {
    unpacked: u64,
    compressed: u64,
    values: u64,
    is_dictionary: bool,
}

/// Kinds of values of the compact protocol.
mod kind {
    pub(crate) const STOP: u8 = 0;
    pub(crate) const TRUE: u8 = 1;
    pub(crate) const FALSE: u8 = 2;
    pub(crate) const I8: u8 = 3;
    pub(crate) const I16: u8 = 4;
    pub(crate) const I32: u8 = 5;
    pub(crate) const I64: u8 = 6;
    pub(crate) const DOUBLE: u8 = 7;
    pub(crate) const BINARY: u8 = 8;
    pub(crate) const LIST: u8 = 9;
    pub(crate) const SET: u8 = 10;
    pub(crate) const MAP: u8 = 11;
    pub(crate) const STRUCT: u8 = 12;
}

/// Structs within structs of a page header: statistics within a data page header.
const DEEPEST: usize = 4;

impl PageHeader {
    /// Reads a header, and moves on to what follows it.
    fn read(bytes: &mut &[u8]) -> Option<Self> {
        const DICTIONARY_PAGE: i64 = 2;
        let mut header = Self::default();
        let mut field = 0_i64;
        loop {
            let of = next_field(bytes, &mut field)?;
            match (field, of) {
                (_, kind::STOP) => return Some(header),
                (1, kind::I32) => header.is_dictionary = integer(bytes)? == DICTIONARY_PAGE,
                (2, kind::I32) => header.unpacked = u64::try_from(integer(bytes)?).ok()?,
                (3, kind::I32) => header.compressed = u64::try_from(integer(bytes)?).ok()?,
                // The headers of data pages, dictionaries and data pages of version 2.
                (5 | 7 | 8, kind::STRUCT) => header.values = count_of_values(bytes)?,
                _ => skip(bytes, of, DEEPEST)?,
            }
        }
    }
}

/// The first field of the headers of all kinds of pages: how many values.
fn count_of_values(bytes: &mut &[u8]) -> Option<u64> {
    let mut values = 0;
    let mut field = 0;
    loop {
        match (next_field(bytes, &mut field)?, field) {
            (kind::STOP, _) => return Some(values),
            (kind::I32, 1) => values = u64::try_from(integer(bytes)?).ok()?,
            (of, _) => skip(bytes, of, DEEPEST)?,
        }
    }
}

/// Kind of the next field, whose number `field` becomes; [`kind::STOP`] at the end of the struct.
fn next_field(bytes: &mut &[u8], field: &mut i64) -> Option<u8> {
    let byte = byte(bytes)?;
    if byte == kind::STOP {
        return Some(kind::STOP);
    }
    *field = match byte >> 4 {
        0 => integer(bytes)?,
        step => field.checked_add(i64::from(step))?,
    };
    Some(byte & 0xf).filter(|&of| of != kind::STOP)
}

fn skip(bytes: &mut &[u8], of: u8, depth: usize) -> Option<()> {
    let depth_left = || depth.checked_sub(1);
    match of {
        kind::TRUE | kind::FALSE => Some(()),
        kind::I8 => byte(bytes).map(|_| ()),
        kind::I16 | kind::I32 | kind::I64 => integer(bytes).map(|_| ()),
        kind::DOUBLE => skip_bytes(bytes, 8),
        kind::BINARY => {
            let length = unsigned(bytes)?;
            skip_bytes(bytes, length)
        }
        kind::LIST | kind::SET => {
            let head = byte(bytes)?;
            let count = match head >> 4 {
                15 => unsigned(bytes)?,
                count => u64::from(count),
            };
            skip_elements(bytes, count, &[head & 0xf], depth_left()?)
        }
        kind::MAP => match unsigned(bytes)? {
            0 => Some(()),
            count => {
                let kinds = byte(bytes)?;
                skip_elements(bytes, count, &[kinds >> 4, kinds & 0xf], depth_left()?)
            }
        },
        kind::STRUCT => {
            let mut field = 0;
            loop {
                match next_field(bytes, &mut field)? {
                    kind::STOP => return Some(()),
                    of => skip(bytes, of, depth_left()?)?,
                }
            }
        }
        _ => None,
    }
}

fn skip_elements(bytes: &mut &[u8], count: u64, kinds: &[u8], depth: usize) -> Option<()> {
    for _ in 0..count {
        for &of in kinds {
            match of {
                // Within a list a truth value takes a byte.
                kind::TRUE | kind::FALSE => skip_bytes(bytes, 1)?,
                of => skip(bytes, of, depth)?,
            }
        }
    }
    Some(())
}

fn skip_bytes(bytes: &mut &[u8], count: u64) -> Option<()> {
    let (_, after) = bytes.split_at_checked(usize::try_from(count).ok()?)?;
    *bytes = after;
    Some(())
}

fn byte(bytes: &mut &[u8]) -> Option<u8> {
    let (&first, after) = bytes.split_first()?;
    *bytes = after;
    Some(first)
}

/// Seven bits a byte, the least first.
fn unsigned(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for place in (0..64).step_by(7) {
        let byte = byte(bytes)?;
        value |= u64::from(byte & 0x7f) << place;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// The same with the sign in the lowest bit.
fn integer(bytes: &mut &[u8]) -> Option<i64> {
    let value = unsigned(bytes)?;
    Some((value >> 1) as i64 ^ -((value & 1) as i64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_header_is_read_and_what_is_unknown_skipped() {
        // type 0, unpacked 300, compressed 5, crc 1, data_page_header { num_values 64, encoding 0, a list, a string }
        let bytes = [
            0x15, 0x00, 0x15, 0xd8, 0x04, 0x15, 0x0a, 0x15, 0x02, 0x1c, 0x15, 0x80, 0x01, 0x15,
            0x00, 0x19, 0x25, 0x02, 0x04, 0x18, 0x02, b'a', b'b', 0x00, 0x00, 0xff,
        ];
        let mut rest = &bytes[..];
        let header = PageHeader::read(&mut rest);
        let expected = PageHeader {
            unpacked: 300,
            compressed: 5,
            values: 64,
            is_dictionary: false,
        };
        assert_eq!(header, Some(expected));
        assert_eq!(rest, [0xff]);
    }

    #[test]
    fn no_header_makes_the_reader_loop_recurse_or_panic() {
        let cases: [&[u8]; 5] = [
            &[0x1c; 4096],
            &[0x19, 0xfc, 0xff, 0xff, 0xff, 0xff, 0x0f],
            &[
                0x15, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
            ],
            &[0x15],
            &[0x25, 0x01, 0x00],
        ];
        for mut bytes in cases {
            assert_eq!(PageHeader::read(&mut bytes), None);
        }
    }
}
