//! A folder of files for one test, gone afterwards.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// A temporary folder with files written from strings; removed when dropped.
///
/// ```
/// let project = mercer_testkit::TempProject::new(&[("mercer.toml", ""), ("exports/orders.csv", "order_id\n1\n")]);
/// assert_eq!(project.read("exports/orders.csv"), "order_id\n1\n");
/// ```
#[derive(Debug)]
pub struct TempProject {
    folder: TempDir,
}

impl TempProject {
    /// A new folder that holds `files`, each a path inside it and its contents.
    ///
    /// # Panics
    /// The folder or a file cannot be written.
    #[must_use]
    pub fn new(files: &[(&str, &str)]) -> Self {
        let project = Self { folder: tempfile::tempdir().expect("a temporary folder") };
        for (path, contents) in files {
            project.write(path, contents);
        }
        project
    }

    /// The folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        self.folder.path()
    }

    /// The full path of `path` inside the folder, whether or not it exists.
    #[must_use]
    pub fn path(&self, path: &str) -> PathBuf {
        self.root().join(path)
    }

    /// Writes a file, with the folders on its way, over what was there; gives its full path.
    ///
    /// # Panics
    /// It cannot be written.
    pub fn write(&self, path: &str, contents: impl AsRef<[u8]>) -> PathBuf {
        let full = self.path(path);
        if let Some(folder) = full.parent() {
            std::fs::create_dir_all(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        }
        std::fs::write(&full, contents).unwrap_or_else(|error| panic!("{}: {error}", full.display()));
        full
    }

    /// The text of a file.
    ///
    /// # Panics
    /// It is missing or no text.
    #[must_use]
    pub fn read(&self, path: &str) -> String {
        let full = self.path(path);
        std::fs::read_to_string(&full).unwrap_or_else(|error| panic!("{}: {error}", full.display()))
    }

    /// The paths of all files inside, sorted, with `/` between parts.
    ///
    /// # Panics
    /// A folder cannot be read.
    #[must_use]
    pub fn files(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut folders = vec![self.root().to_path_buf()];
        while let Some(folder) = folders.pop() {
            let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
            for path in entries.filter_map(Result::ok).map(|entry| entry.path()) {
                if path.is_dir() {
                    folders.push(path);
                } else if let Ok(inside) = path.strip_prefix(self.root()) {
                    found.push(inside.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/"));
                }
            }
        }
        found.sort();
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_what_was_written_and_goes_away() {
        let project = TempProject::new(&[("b.txt", "b"), ("deep/er/a.txt", "a")]);
        project.write("b.txt", "B");
        project.write("raw.bin", [0_u8, 255]);
        assert_eq!(project.files(), ["b.txt", "deep/er/a.txt", "raw.bin"]);
        assert_eq!(project.read("b.txt"), "B");
        let root = project.root().to_path_buf();
        drop(project);
        assert!(!root.exists());
    }
}
