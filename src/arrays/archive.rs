//! Zip files of arrays, whose members are read one at a time, in bounds, with their checksums.

use std::io::{self, Read, Seek};

use super::in_words;
use crate::guard::caught;
use crate::text::escaped;

/// Members of the largest archive: more than any network has tensors.
const MOST_MEMBERS: usize = 1 << 18;

/// A zip file that is open.
pub(super) struct Archive<R> {
    zip: zip::ZipArchive<R>,
    names: Vec<String>,
    file_bytes: u64,
}

impl<R: Read + Seek> Archive<R> {
    /// Opens a zip file of so many bytes.
    pub(super) fn open(file: R, file_bytes: u64) -> Result<Self, String> {
        caught(|| {
            let zip = zip::ZipArchive::new(file).map_err(|error| {
                format!("{error}; was it copied whole, and is it still being written?")
            })?;
            if zip.len() > MOST_MEMBERS {
                return Err(format!("it has {} members", zip.len()));
            }
            let names: Result<Vec<String>, _> = zip
                .file_names()
                .map(|name| name.map(std::borrow::Cow::into_owned))
                .collect();
            let names = names.map_err(|error| error.to_string())?;
            Ok(Self {
                zip,
                names,
                file_bytes,
            })
        })?
    }

    /// Bytes of the whole file.
    pub(super) fn file_bytes(&self) -> u64 {
        self.file_bytes
    }

    /// The names of its members.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// What `read` makes of a member, of which it is told the bytes that it claims to have. There may be no more in it than
    /// what was read; if there is, or `read` fails, up to `most_rest` bytes more are read, since a member whose content makes
    /// no sense may be damaged.
    ///
    /// # Errors
    /// In words that call the member `shown`: there is no such member, its checksum does not match, or what `read` says.
    pub(super) fn read_member<T>(
        &mut self,
        name: &str,
        shown: &str,
        most_rest: u64,
        read: impl FnOnce(&mut dyn Read, u64) -> Result<T, String>,
    ) -> Result<T, String> {
        let shown = escaped(shown);
        let named = |reason: String| format!("{shown}: {reason}");
        let read = caught(|| {
            let member = self.zip.by_name(name);
            let mut member = member.map_err(|error| named(error.to_string()))?;
            let size = member.size();
            let result = read(&mut member, size);
            // The checksum is compared where the member ends.
            let rest = io::copy(&mut (&mut member).take(most_rest), &mut io::sink());
            if rest
                .as_ref()
                .is_err_and(|error| error.kind() == io::ErrorKind::InvalidData)
            {
                return Err(format!(
                    "the checksum of {shown} does not match: the file is damaged; copy or save it again"
                ));
            }
            let result = result.map_err(named)?;
            if rest.map_err(in_words).map_err(named)? > 0 {
                return Err(named("there is more in it than its array".to_owned()));
            }
            Ok(result)
        });
        read.map_err(named)?
    }
}
