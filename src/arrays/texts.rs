//! Texts in npz files.

use std::io::{Cursor, Read as _};

use npyz::{DType, NpyFile};

use crate::guard::caught;

/// Bytes of a list of texts, as numpy writes it.
const MOST_BYTES: u64 = 1 << 20;

/// A list of texts in npz bytes: an array as numpy writes it, UTF-32 of equal length; none if it is not there.
pub(crate) fn texts_in_npz(bytes: &[u8], name: &str) -> Result<Vec<String>, String> {
    let in_words = |error: std::io::Error| error.to_string();
    caught(|| {
        let mut archive =
            zip::ZipArchive::new(Cursor::new(bytes)).map_err(|error| error.to_string())?;
        let Ok(member) = archive.by_name(&format!("{name}.npy")) else {
            return Ok(Vec::new());
        };
        let mut data = Vec::new();
        member
            .take(MOST_BYTES)
            .read_to_end(&mut data)
            .map_err(in_words)?;
        let file = NpyFile::new(data.as_slice()).map_err(in_words)?;
        let kind = match file.dtype() {
            DType::Plain(kind) => kind.to_string(),
            _ => String::new(),
        };
        let characters: Option<usize> = kind.strip_prefix("<U").and_then(|of| of.parse().ok());
        let (Some(characters), [count]) = (characters.filter(|&of| of > 0), file.shape()) else {
            return Err(
                "expected a list of texts, as `numpy.array([\"left\", \"right\"])`".to_owned(),
            );
        };
        let count = *count as usize;
        let mut texts = Vec::new();
        file.into_inner()
            .read_to_end(&mut texts)
            .map_err(in_words)?;
        let names: Vec<String> = texts
            .chunks_exact(characters.saturating_mul(4))
            .map(|text| {
                let (points, _) = text.as_chunks::<4>();
                let points = points.iter().map(|&bytes| u32::from_le_bytes(bytes));
                let letters = points.take_while(|&point| point != 0);
                letters
                    .map(|point| char::from_u32(point).unwrap_or('\u{fffd}'))
                    .collect()
            })
            .collect();
        if names.len() != count {
            return Err("there is not one name for each condition".to_owned());
        }
        Ok(names)
    })?
}
