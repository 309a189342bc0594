//! Where the reference data lies: real exports that are too big, or not ours, to keep in the tree.

use std::path::{Path, PathBuf};

/// From this crate's folder to the reference data beside the checkout.
const BESIDE_THE_CHECKOUT: &str = "../../../shared/data";

/// The folder of reference data: `$MERCER_DATA`, or `../shared/data` beside the workspace root; `None` where it is missing.
#[must_use]
pub fn data_root() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join(BESIDE_THE_CHECKOUT);
    let root = std::env::var_os("MERCER_DATA").map_or_else(beside, PathBuf::from);
    root.is_dir().then_some(root)
}

/// The file or folder `name` of the reference data, such as `cdnow/CDNOW_master.txt`.
///
/// Where it is missing this prints why and gives `None`, and the test returns:
///
/// ```
/// let Some(path) = mercer_testkit::data("cdnow/CDNOW_master.txt") else { return };
/// assert!(path.is_file());
/// ```
#[must_use]
pub fn data(name: &str) -> Option<PathBuf> {
    let found = data_root().and_then(|root| within(&root, name));
    if found.is_none() {
        println!("skipped: {name} is not here (set MERCER_DATA)");
    }
    found
}

fn within(root: &Path, name: &str) -> Option<PathBuf> {
    Some(root.join(name)).filter(|path| path.exists())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_is_there_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("cdnow")).unwrap();
        std::fs::write(folder.path().join("cdnow/sample.txt"), "1").unwrap();
        assert_eq!(within(folder.path(), "cdnow/sample.txt"), Some(folder.path().join("cdnow/sample.txt")));
        assert_eq!(within(folder.path(), "cdnow"), Some(folder.path().join("cdnow")));
        assert_eq!(within(folder.path(), "cdnow/master.txt"), None);
    }

    #[test]
    fn a_found_root_is_a_folder() {
        assert!(data_root().is_none_or(|root| root.is_dir()));
        assert_eq!(data("there is no such data set"), None);
    }
}
