//! Checks of what every crate promises: helpful errors, and the same result at any thread count.

use std::fmt::Debug;

use mercer_base::{Error, ErrorKind};

/// Thread counts at which a result must be the same: alone, a pair, and an odd number that divides little evenly.
pub(crate) const THREAD_COUNTS: [usize; 3] = [1, 2, 7];

/// Checks that an error is of `kind`, names each of `parts` (file, line, column, key) and says what to do.
///
/// # Panics
/// It is of another kind, lacks a part or has no hint.
#[track_caller]
pub fn assert_error(error: &Error, kind: ErrorKind, parts: &[&str]) {
    assert_eq!(error.kind(), kind, "kind of: {error:?}");
    let text = error.to_string();
    for part in parts {
        assert!(text.contains(part), "`{part}` is not named in: {error:?}");
    }
    assert!(error.hint().is_some_and(|hint| !hint.trim().is_empty()), "no hint in: {error:?}");
}

/// Runs `work` in thread pools of several sizes, checks that all results are equal, and gives one of them.
///
/// Reaches what runs on rayon; an engine with threads of its own needs its own test.
///
/// # Panics
/// Two results differ, or a pool cannot be started.
#[track_caller]
pub fn assert_same_at_any_thread_count<T: PartialEq + Debug + Send>(work: impl Fn() -> T + Sync) -> T {
    let [one, others @ ..] = THREAD_COUNTS.map(|threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a thread pool");
        (threads, pool.install(&work))
    });
    for (threads, result) in others {
        assert!(result == one.1, "1 thread gives {:?}, {threads} threads give {result:?}", one.1);
    }
    one.1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_an_error_that_says_it_all() {
        let error = Error::data("orders.csv: line 7: no date").with_hint("map the date column in mercer.toml");
        assert_error(&error, ErrorKind::Data, &["orders.csv", "line 7"]);
    }

    #[test]
    #[should_panic(expected = "no hint")]
    fn refuses_an_error_without_a_mend() {
        assert_error(&Error::data("orders.csv: no date"), ErrorKind::Data, &["orders.csv"]);
    }

    #[test]
    #[should_panic(expected = "`line 7` is not named")]
    fn refuses_an_error_that_does_not_say_where() {
        assert_error(&Error::data("no date").with_hint("look"), ErrorKind::Data, &["line 7"]);
    }

    #[test]
    fn gives_the_common_result() {
        assert_eq!(assert_same_at_any_thread_count(|| vec![1, 2, 3]), [1, 2, 3]);
    }

    #[test]
    #[should_panic(expected = "1 thread gives 2, 7 threads give 5")]
    fn refuses_what_depends_on_the_threads() {
        assert_same_at_any_thread_count(|| rayon::current_num_threads().saturating_sub(2).max(2));
    }
}
