//! Words and ids by number: each different one is kept once, all of them in one block that copies share.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::ops::Index;
use std::sync::Arc;

/// Stands for a missing word among the codes of [`Words`].
pub const NO_WORD: u32 = u32::MAX;

/// Words by number, so that a repeated one is kept once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Words {
    /// For each row the position of its word, or [`NO_WORD`].
    pub codes: Vec<u32>,
    /// The words in the order in which they first came.
    pub words: WordList,
}

impl Words {
    /// The word of a row, `None` where it is missing.
    #[must_use]
    pub fn get(&self, row: usize) -> Option<&str> {
        let code = *self.codes.get(row)?;
        self.words.get(code as usize)
    }

    /// For each word its position among the words in alphabetical order.
    #[must_use]
    pub fn ranks(&self) -> Vec<u32> {
        let mut sorted: Vec<u32> = (0..u32::try_from(self.words.len()).unwrap_or(u32::MAX)).collect();
        sorted.sort_unstable_by(|a, b| self.words[*a as usize].cmp(&self.words[*b as usize]));
        let mut ranks = vec![0; sorted.len()];
        for (position, word) in (0..).zip(sorted) {
            ranks[word as usize] = position;
        }
        ranks
    }
}

impl<S: AsRef<str>> FromIterator<Option<S>> for Words {
    fn from_iter<T: IntoIterator<Item = Option<S>>>(rows: T) -> Self {
        let mut builder = WordsBuilder::default();
        rows.into_iter().for_each(|word| builder.push(word.as_ref().map(AsRef::as_ref)));
        builder.finish()
    }
}

/// Different words. A copy shares their memory.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct WordList(Arc<Block>);

/// Words one after the other.
#[derive(Default, PartialEq, Eq)]
struct Block {
    text: String,
    ends: Vec<usize>,
}

impl Block {
    fn get(&self, index: usize) -> Option<&str> {
        let end = *self.ends.get(index)?;
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        self.text.get(start..end)
    }

    fn push(&mut self, word: &str) {
        self.text.push_str(word);
        self.ends.push(self.text.len());
    }
}

impl WordList {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.ends.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The word at a position.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&str> {
        self.0.get(index)
    }

    /// The words in their order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> + Clone {
        (0..self.len()).map(|index| self.get(index).unwrap_or_default())
    }
}

impl Index<usize> for WordList {
    type Output = str;

    fn index(&self, index: usize) -> &str {
        let start = index.checked_sub(1).map_or(0, |before| self.0.ends[before]);
        &self.0.text[start..self.0.ends[index]]
    }
}

impl fmt::Debug for WordList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// Collects [`Words`] row by row.
///
/// As long as each new word comes after the last one in length and alphabet (rows sorted by an id, numbered customers), it
/// must be a new one. Only where the order breaks is a table of hashes needed to tell.
#[derive(Debug, Default)]
pub struct WordsBuilder {
    codes: Vec<u32>,
    words: Block,
    table: Option<HashTable>,
}

impl fmt::Debug for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} words", self.ends.len())
    }
}

impl WordsBuilder {
    /// Adds a row.
    pub fn push(&mut self, word: Option<&str>) {
        let code = word.map_or(NO_WORD, |word| self.code_of(word));
        self.codes.push(code);
    }

    fn code_of(&mut self, word: &str) -> u32 {
        // A table of 2^32 different words does not fit memory; the last code stays free for "missing".
        let code = |position: usize| u32::try_from(position).unwrap_or(NO_WORD - 1).min(NO_WORD - 1);
        let count = self.words.ends.len();
        if self.table.is_none() {
            let last = count.checked_sub(1).and_then(|last| self.words.get(last));
            match last.map(|last| last.len().cmp(&word.len()).then_with(|| last.cmp(word))) {
                None | Some(Ordering::Less) => {
                    self.words.push(word);
                    return code(count);
                }
                Some(Ordering::Equal) => return code(count - 1),
                Some(Ordering::Greater) => {}
            }
        }
        let Self { words, table, .. } = self;
        let table = table.get_or_insert_with(|| HashTable::of(words));
        let hash = table.hash(word);
        match table.find(hash, |code| words.get(code as usize) == Some(word)) {
            Some(found) => found,
            None => {
                words.push(word);
                table.insert(hash, code(count));
                code(count)
            }
        }
    }

    /// What was collected.
    #[must_use]
    pub fn finish(self) -> Words {
        Words { codes: self.codes, words: WordList(Arc::new(self.words)) }
    }
}

/// Codes of words by the words' hashes: open addressing, at most half full.
#[derive(Debug)]
struct HashTable {
    /// Hash and code; [`NO_WORD`] where a slot is free.
    slots: Vec<(u32, u32)>,
    used: usize,
    hasher: RandomState,
}

impl HashTable {
    fn of(words: &Block) -> Self {
        let room = (4 * words.ends.len()).next_power_of_two().max(64);
        let mut table = Self { slots: vec![(0, NO_WORD); room], used: 0, hasher: RandomState::new() };
        for (code, index) in (0..).zip(0..words.ends.len()) {
            let hash = table.hash(words.get(index).unwrap_or_default());
            table.insert(hash, code);
        }
        table
    }

    #[allow(clippy::cast_possible_truncation, reason = "half of the hash is enough")]
    fn hash(&self, word: &str) -> u32 {
        self.hasher.hash_one(word) as u32
    }

    fn find(&self, hash: u32, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        let mut slot = hash as usize;
        loop {
            let (known, code) = self.slots[slot & (self.slots.len() - 1)];
            if code == NO_WORD {
                return None;
            }
            if known == hash && is_it(code) {
                return Some(code);
            }
            slot += 1;
        }
    }

    fn insert(&mut self, hash: u32, code: u32) {
        if 2 * self.used >= self.slots.len() {
            let larger = vec![(0, NO_WORD); 2 * self.slots.len()];
            let before = std::mem::replace(&mut self.slots, larger);
            before.into_iter().filter(|(_, code)| *code != NO_WORD).for_each(|(hash, code)| self.place(hash, code));
        }
        self.place(hash, code);
        self.used += 1;
    }

    fn place(&mut self, hash: u32, code: u32) {
        let mask = self.slots.len() - 1;
        let mut slot = hash as usize;
        while self.slots[slot & mask].1 != NO_WORD {
            slot += 1;
        }
        self.slots[slot & mask] = (hash, code);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_numbered_as_they_first_come_sorted_or_not() {
        let sorted = ["1", "1", "2", "10", "11"];
        let mixed = ["1", "2", "10", "2", "a", "", "1", "b", "a"];
        for (rows, codes, words) in [
            (sorted.as_slice(), vec![0, 0, 1, 2, 3], vec!["1", "2", "10", "11"]),
            (&mixed, vec![0, 1, 2, 1, 3, 4, 0, 5, 3], vec!["1", "2", "10", "a", "", "b"]),
        ] {
            let found: Words = rows.iter().map(|row| Some(*row)).collect();
            assert_eq!((found.codes.clone(), found.words.iter().collect::<Vec<_>>()), (codes, words));
            assert!((0..rows.len()).all(|row| found.get(row) == Some(rows[row])));
        }
    }

    #[test]
    fn many_words_are_found_again() {
        let word = |number: u32| format!("id {}", number.wrapping_mul(2_654_435_761) % 5_000);
        let found: Words = (0..30_000).map(|number| Some(word(number))).collect();
        let mut firsts = indexmap::IndexSet::new();
        let positions: Vec<usize> = (0..30_000).map(|number| firsts.insert_full(word(number)).0).collect();
        assert!(found.codes.iter().map(|code| *code as usize).eq(positions));
        assert!(found.words.iter().eq(firsts.iter().map(String::as_str)));
        assert_eq!((found.words.len(), found.words.get(firsts.len())), (firsts.len(), None));
    }
}
