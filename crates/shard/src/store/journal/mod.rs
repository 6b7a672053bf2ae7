//! The journals of the store, looked through before `fjall` reads them.
//!
//! A write that was not fsynced when the power went may be there in part: not only its beginning, but any of its pages.
//! `fjall` expects a journal to break off at one place. At others it refuses to open, or believes a garbled length and
//! allocates up to 4 GiB, or, in a journal that is not the newest, leaves out what follows and goes on with the next one.
//! So here, before it opens them:
//! - the newest journal is cut behind its last whole batch. What was fsynced stays, and the log holds the rest;
//! - an older journal was fsynced before the next one began. If a batch of it is not whole, the store is refused.
//!
//! Bits that rot in the newest journal look like a write that was torn, but what follows them may be in the tables already:
//! without what is cut they would hold half of a batch. `fjall` fsyncs a journal before it writes tables from it, so that
//! tables newer than the cut tell the two apart. Until that has been looked at, the journal is kept aside.

mod scan;
#[cfg(test)]
mod tests;

use scan::{Sound, sound};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// What the file `version` holds whose journals are understood here.
const VERSION: &[u8] = b"FJL\x03";
/// The end of a journal's name.
const JOURNAL: &str = "jnl";
/// Behind the name of a journal that was cut, and whose cut is not settled.
const ASIDE: &str = "aside";
/// The end of the name of what is to take the place of a journal.
const SHORTER: &str = "shorter";
/// Read at once.
const BUFFER_BYTES: usize = 256 << 10;

/// Why the journals of a store cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// A batch that had been fsynced is not what it was.
    #[error(
        "the store's journal {} is damaged at byte {offset}; nothing was changed. Restore the data folder from a backup",
        path.display()
    )]
    Damaged {
        /// The journal.
        path: PathBuf,
        /// Where the damaged batch begins.
        offset: u64,
    },
    /// A file cannot be read or written.
    #[error("the store's journals in {} cannot be looked through", folder.display())]
    Io {
        /// Where they lie.
        folder: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// A journal that was cut. What it was is kept aside until [`Cut::settle`].
#[derive(Debug)]
pub(super) struct Cut {
    journal: PathBuf,
    sound: Sound,
}

/// Cuts the newest journal in a store's folder, if its end is torn. Does nothing where there is no store yet, where it is
/// open elsewhere, or where it is of a format that is not known here: `fjall` tells.
pub(super) fn cut_torn_tail(folder: &Path) -> Result<Option<Cut>, JournalError> {
    let failed = |source| JournalError::Io { folder: folder.to_owned(), source };
    let Some(_locked) = lock(folder).map_err(failed)? else { return Ok(None) };
    put_back(folder).map_err(failed)?;
    let mut journals = journals(folder).map_err(failed)?;
    let Some(active) = journals.pop() else { return Ok(None) };
    let mut newest = None;
    for sealed in journals {
        let seen = look(&sealed, newest).map_err(failed)?;
        if seen.torn_bytes > 0 {
            return Err(JournalError::Damaged { path: sealed, offset: seen.sound.bytes });
        }
        newest = seen.sound.newest;
    }
    let Seen { sound, torn_bytes } = look(&active, newest).map_err(failed)?;
    if torn_bytes == 0 {
        return Ok(None);
    }
    cut(&active, sound.bytes).map_err(failed)?;
    let (file, offset) = (active.display(), sound.bytes);
    tracing::warn!(%file, offset, torn_bytes, "the store ended in a write that was torn; the log has it");
    Ok(Some(Cut { journal: active, sound }))
}

impl Cut {
    /// Forgets what was cut, unless tables hold what came behind it; then the next start begins from what there was.
    /// `in_tables` is the highest sequence number in any table.
    pub(super) fn settle(self, in_tables: Option<u64>) -> Result<(), JournalError> {
        let Cut { journal, sound } = self;
        if sound.newest.is_some() && in_tables > sound.newest {
            return Err(JournalError::Damaged { path: journal, offset: sound.bytes });
        }
        let folder = journal.parent().unwrap_or(Path::new("."));
        let removed = fs::remove_file(aside(&journal)).and_then(|()| sync(folder));
        removed.map_err(|source| JournalError::Io { folder: folder.to_owned(), source })
    }
}

/// The store's lock, if there is a store of a known format that nobody has open.
fn lock(folder: &Path) -> io::Result<Option<File>> {
    let version = match fs::read(folder.join("version")) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        version => version?,
    };
    if version != VERSION {
        return Ok(None);
    }
    let file = OpenOptions::new().read(true).write(true).open(folder.join("lock"))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Puts back a journal whose cut was not settled: the program ended before, or it was refused.
fn put_back(folder: &Path) -> io::Result<()> {
    files(folder, SHORTER)?.iter().try_for_each(fs::remove_file)?;
    for path in files(folder, ASIDE)? {
        fs::rename(&path, path.with_extension(""))?;
        sync(folder)?;
    }
    Ok(())
}

/// The journals in the order in which they were written.
fn journals(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let number = |path: &PathBuf| path.file_stem()?.to_str()?.parse::<u64>().ok();
    let mut journals = files(folder, JOURNAL)?;
    journals.sort_by_key(number);
    Ok(journals)
}

fn files(folder: &Path, extension: &str) -> io::Result<Vec<PathBuf>> {
    let paths = fs::read_dir(folder)?.map(|entry| Ok(entry?.path()));
    paths
        .filter(|path| path.as_ref().map_or(true, |path| path.extension() == Some(extension.as_ref())))
        .collect()
}

/// What is in a journal.
struct Seen {
    sound: Sound,
    /// How many bytes behind the sound ones are there, up to the last that is not zero.
    torn_bytes: u64,
}

fn look(journal: &Path, before: Option<u64>) -> io::Result<Seen> {
    let file = File::open(journal)?;
    let length = file.metadata()?.len();
    let sound = sound(BufReader::with_capacity(BUFFER_BYTES, &file), length, before)?;
    Ok(Seen { sound, torn_bytes: written(&file, sound.bytes)? })
}

/// How many bytes from `offset` on are there, without the zeros at the end.
fn written(mut file: &File, offset: u64) -> io::Result<u64> {
    file.seek(SeekFrom::Start(offset))?;
    let (zeros, mut buffer) = (vec![0; BUFFER_BYTES], vec![0; BUFFER_BYTES]);
    let (mut at, mut end) = (0, 0);
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok(end);
        }
        // Compared as a whole first: a new journal is 64 MiB of zeros.
        if buffer[..read] != zeros[..read] {
            let last = buffer[..read].iter().rposition(|&byte| byte != 0).unwrap_or(0);
            end = at + last as u64 + 1;
        }
        at += read as u64;
    }
}

/// Replaces a journal by its first bytes, and keeps it aside.
fn cut(journal: &Path, bytes: u64) -> io::Result<()> {
    let folder = journal.parent().unwrap_or(Path::new("."));
    let shorter = journal.with_extension(SHORTER);
    let mut file = File::create(&shorter)?;
    io::copy(&mut File::open(journal)?.take(bytes), &mut file)?;
    file.sync_all()?;
    fs::rename(journal, aside(journal))?;
    sync(folder)?;
    fs::rename(&shorter, journal)?;
    sync(folder)
}

fn aside(journal: &Path) -> PathBuf {
    let mut name = journal.to_owned().into_os_string();
    name.push(".");
    name.push(ASIDE);
    name.into()
}

fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
