//! The lake on disk: immutable Parquet files, one manifest a snapshot, one writer, readers that pin what they read.
//!
//! ```text
//! lake/
//!   lock                       held by the one writer
//!   data/orders-<hash>.parquet immutable, named by content, shared between snapshots
//!   staging/…                  parsed inputs by content, so that unchanged files are not read again
//!   tmp/… spill/…              what a run needs while it works; the next run clears what it left
//!   snapshots/000007/          manifest.json and a folder of links a table; appears whole or not at all
//!   current -> snapshots/000007  for tools that read folders
//! ```

use std::fs::{self, File, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};

use mercer_base::{Error, ErrorKind, Result};

use crate::manifest::{FileEntry, Manifest};

/// A lake's folder.
#[derive(Debug, Clone)]
pub struct Store {
    root: PathBuf,
}

/// The right to write, held by one process at a time and given back when dropped, or when the process dies.
#[derive(Debug)]
pub struct WriteLock {
    _file: File,
}

/// A published state of the lake that stays readable while this value lives.
#[derive(Debug)]
pub struct Snapshot {
    /// What it holds.
    pub manifest: Manifest,
    root: PathBuf,
    _pin: File,
}

impl Snapshot {
    /// The path of one of its files.
    #[must_use]
    pub fn path(&self, file: &FileEntry) -> PathBuf {
        self.root.join("data").join(&file.name)
    }
}

impl Store {
    /// The lake in this folder; nothing is made until something is written.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// Its folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where parsed inputs are kept.
    #[must_use]
    pub fn staging(&self) -> PathBuf {
        self.root.join("staging")
    }

    /// Where a run keeps what it needs only while it works.
    #[must_use]
    pub fn scratch(&self) -> PathBuf {
        self.root.join("tmp")
    }

    /// Where the engine of a run puts what does not fit its memory.
    #[must_use]
    pub fn spill(&self) -> PathBuf {
        self.root.join("spill")
    }

    /// Takes the right to write and clears what an interrupted run left behind.
    ///
    /// # Errors
    /// When another process is writing, or the folder cannot be made.
    pub fn lock(&self) -> Result<WriteLock> {
        for folder in [self.root.clone(), self.root.join("data"), self.staging(), self.root.join("snapshots")] {
            fs::create_dir_all(&folder).map_err(|cause| {
                let error = Error::io(&folder, cause);
                let hint = "mercer keeps its tables there: move away what stands in its place, or let it write";
                if error.hint().is_some() { error } else { error.with_hint(hint) }
            })?;
        }
        let path = self.root.join("lock");
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|cause| Error::io(&path, cause))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Error::new(ErrorKind::Io, format!("{}: another run is writing here", self.root.display()))
                    .with_hint("wait until it ends; reading (`mercer query`) works all the while"));
            }
            Err(TryLockError::Error(cause)) => return Err(Error::io(&path, cause)),
        }
        let scratch = self.scratch();
        for left in [&scratch, &self.spill()] {
            if left.exists() {
                fs::remove_dir_all(left).map_err(|cause| Error::io(left, cause))?;
            }
        }
        fs::create_dir_all(&scratch).map_err(|cause| Error::io(&scratch, cause))?;
        Ok(WriteLock { _file: file })
    }

    /// The newest snapshot, pinned; `None` before the first run.
    ///
    /// # Errors
    /// When its manifest cannot be read.
    pub fn latest(&self) -> Result<Option<Snapshot>> {
        // A snapshot may be cleared away between listing and pinning it, but never the newest one: look again.
        for _ in 0..8 {
            let Some(id) = self.ids()?.pop() else { return Ok(None) };
            let path = self.manifest_path(id);
            let Ok(pin) = File::open(&path) else { continue };
            if pin.try_lock_shared().is_err() {
                continue;
            }
            let text = fs::read_to_string(&path).map_err(|cause| Error::io(&path, cause))?;
            let manifest = Manifest::parse(&text).map_err(|error| error.with_context(path.display().to_string()))?;
            return Ok(Some(Snapshot { manifest, root: self.root.clone(), _pin: pin }));
        }
        Err(Error::new(ErrorKind::Io, format!("{}: no snapshot can be opened", self.root.display()))
            .with_hint("is another program clearing the folder? try again"))
    }

    /// Takes a finished file from the scratch folder into the lake under the name of its content.
    ///
    /// # Errors
    /// When the file cannot be read or moved.
    pub fn adopt(&self, table: &str, scratch_file: &Path, rows: u64) -> Result<FileEntry> {
        let (hash, bytes) = hash_file(scratch_file)?;
        let name = format!("{table}-{}.parquet", &hash[..20]);
        let target = self.root.join("data").join(&name);
        if target.exists() {
            fs::remove_file(scratch_file).map_err(|cause| Error::io(scratch_file, cause))?;
        } else {
            fs::rename(scratch_file, &target).map_err(|cause| Error::io(&target, cause))?;
        }
        Ok(FileEntry { name, rows, bytes })
    }

    /// Makes `manifest` the newest snapshot: written beside, synced, and put in place by one rename.
    ///
    /// # Errors
    /// When the disk is full or the folder cannot be written; then the snapshot before stays the newest.
    pub fn publish(&self, lock: &WriteLock, manifest: &mut Manifest) -> Result<Snapshot> {
        manifest.id = self.ids()?.last().copied().unwrap_or(0) + 1;
        let beside = self.scratch().join(format!("{:06}", manifest.id));
        fs::create_dir_all(&beside).map_err(|cause| Error::io(&beside, cause))?;
        for (table, entry) in &manifest.tables {
            let folder = beside.join(table);
            fs::create_dir_all(&folder).map_err(|cause| Error::io(&folder, cause))?;
            for (number, file) in entry.files.iter().enumerate() {
                let link = folder.join(format!("{number:04}.parquet"));
                let data = self.root.join("data").join(&file.name);
                fs::hard_link(&data, &link).map_err(|cause| Error::io(&link, cause))?;
            }
        }
        let path = beside.join("manifest.json");
        let mut file = File::create(&path).map_err(|cause| Error::io(&path, cause))?;
        file.write_all(manifest.to_text()?.as_bytes()).map_err(|cause| Error::io(&path, cause))?;
        file.sync_all().map_err(|cause| Error::io(&path, cause))?;
        sync_folder(&self.root.join("data"))?;
        sync_folder(&beside)?;
        let target = self.root.join("snapshots").join(format!("{:06}", manifest.id));
        fs::rename(&beside, &target).map_err(|cause| Error::io(&target, cause))?;
        sync_folder(&self.root.join("snapshots"))?;
        self.point_current(manifest.id)?;
        self.clear(lock, manifest.keep_snapshots)?;
        self.latest()?.ok_or_else(|| Error::internal("a snapshot vanished while it was published"))
    }

    /// `current` is a convenience for people and tools; the highest complete snapshot is the truth.
    #[cfg(unix)]
    fn point_current(&self, id: u64) -> Result<()> {
        let beside = self.scratch().join("current");
        let link = self.root.join("current");
        std::os::unix::fs::symlink(Path::new("snapshots").join(format!("{id:06}")), &beside)
            .and_then(|()| fs::rename(&beside, &link))
            .map_err(|cause| Error::io(&link, cause))
    }

    #[cfg(not(unix))]
    fn point_current(&self, id: u64) -> Result<()> {
        let path = self.root.join("current.txt");
        fs::write(&path, format!("snapshots/{id:06}\n")).map_err(|cause| Error::io(&path, cause))
    }

    /// Clears old snapshots that nobody reads, then the files that no snapshot left names.
    fn clear(&self, _lock: &WriteLock, keep: usize) -> Result<()> {
        let ids = self.ids()?;
        let mut kept = std::collections::BTreeSet::new();
        for (age, id) in ids.iter().rev().enumerate() {
            let path = self.manifest_path(*id);
            let text = fs::read_to_string(&path).map_err(|cause| Error::io(&path, cause))?;
            let manifest = Manifest::parse(&text).map_err(|error| error.with_context(path.display().to_string()))?;
            let pinned = || File::open(&path).is_ok_and(|file| file.try_lock().is_err());
            if age < keep.max(1) || pinned() {
                kept.extend(manifest.tables.into_values().flat_map(|table| table.files).map(|file| file.name));
                continue;
            }
            // Out of sight first, in one step; then its pieces.
            let folder = self.root.join("snapshots").join(format!("{id:06}"));
            let doomed = self.scratch().join(format!("old-{id:06}"));
            fs::rename(&folder, &doomed).map_err(|cause| Error::io(&folder, cause))?;
            fs::remove_dir_all(&doomed).map_err(|cause| Error::io(&doomed, cause))?;
        }
        let data = self.root.join("data");
        for entry in fs::read_dir(&data).map_err(|cause| Error::io(&data, cause))? {
            let entry = entry.map_err(|cause| Error::io(&data, cause))?;
            if !entry.file_name().to_str().is_some_and(|name| kept.contains(name)) {
                fs::remove_file(entry.path()).map_err(|cause| Error::io(entry.path(), cause))?;
            }
        }
        Ok(())
    }

    /// Numbers of the complete snapshots, oldest first.
    fn ids(&self) -> Result<Vec<u64>> {
        let folder = self.root.join("snapshots");
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(cause) => return Err(Error::io(&folder, cause)),
        };
        let mut ids: Vec<u64> = entries
            .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
            .filter(|id| self.manifest_path(*id).is_file())
            .collect();
        ids.sort_unstable();
        Ok(ids)
    }

    fn manifest_path(&self, id: u64) -> PathBuf {
        self.root.join("snapshots").join(format!("{id:06}")).join("manifest.json")
    }
}

/// The content hash (BLAKE3, hexadecimal) and the size of a file.
///
/// # Errors
/// When the file cannot be read.
pub(crate) fn hash_file(path: &Path) -> Result<(String, u64)> {
    let mut hasher = blake3::Hasher::new();
    let file = File::open(path).map_err(|cause| Error::io(path, cause))?;
    hasher.update_reader(&file).map_err(|cause| Error::io(path, cause))?;
    Ok((hasher.finalize().to_hex().to_string(), hasher.count()))
}

/// Makes names in a folder durable, where the system knows how.
fn sync_folder(path: &Path) -> Result<()> {
    if cfg!(unix) {
        File::open(path).and_then(|folder| folder.sync_all()).map_err(|cause| Error::io(path, cause))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::TableEntry;

    fn published(store: &Store, content: &str) -> u64 {
        let lock = store.lock().unwrap();
        let scratch = store.scratch().join("x");
        fs::write(&scratch, content).unwrap();
        let file = store.adopt("orders", &scratch, 1).unwrap();
        let mut manifest = Manifest { keep_snapshots: 2, ..Manifest::default() };
        manifest.tables.insert("orders".into(), TableEntry { files: vec![file], rows: 1, order: vec![] });
        store.publish(&lock, &mut manifest).unwrap().manifest.id
    }

    #[test]
    fn snapshots_are_counted_kept_and_cleared() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path().join("lake"));
        assert!(store.latest().unwrap().is_none());
        for (number, content) in ["a", "b", "b", "c"].iter().enumerate() {
            assert_eq!(published(&store, content), number as u64 + 1);
        }
        assert_eq!(store.ids().unwrap(), [3, 4]);
        let files = fs::read_dir(store.root().join("data")).unwrap().count();
        assert_eq!(files, 2, "the files of the two snapshots kept, and no other");
        let current = fs::read_to_string(store.root().join("current/orders/0000.parquet")).unwrap();
        assert_eq!(current, "c");
    }

    #[test]
    fn a_pinned_snapshot_outlives_its_time() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path());
        published(&store, "a");
        let reader = store.latest().unwrap().unwrap();
        for content in ["b", "c", "d"] {
            published(&store, content);
        }
        let file = &reader.manifest.tables["orders"].files[0];
        assert_eq!(fs::read_to_string(reader.path(file)).unwrap(), "a");
        drop(reader);
        published(&store, "e");
        assert_eq!(store.ids().unwrap(), [4, 5]);
    }

    #[test]
    fn there_is_one_writer() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path());
        let lock = store.lock().unwrap();
        let error = store.lock().unwrap_err();
        assert!(error.to_string().contains("another run"), "{error}");
        drop(lock);
        store.lock().unwrap();
    }

    #[test]
    fn what_an_interrupted_run_left_is_cleared() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path());
        published(&store, "a");
        fs::create_dir_all(store.scratch().join("000002")).unwrap();
        fs::create_dir_all(store.spill().join("engine-1")).unwrap();
        fs::write(store.root().join("data/orders-half.parquet"), "half").unwrap();
        published(&store, "b");
        assert!(!store.root().join("data/orders-half.parquet").exists());
        assert!(!store.spill().exists());
        assert_eq!(store.latest().unwrap().unwrap().manifest.id, 2);
    }
}
