//! Reading a date text piece by piece: digits, words, and the time of day with its offset.

use super::time::{Moment, SECOND, TimeReading};

/// ASCII digits as a number.
pub(super) fn number(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0_u32, |value, byte| {
        byte.is_ascii_digit().then(|| value.checked_mul(10)?.checked_add(u32::from(byte - b'0')))?
    })
}

pub(super) fn clock_micros(hour: u32, minute: u32, second: u32, micros: u32) -> Option<i64> {
    (hour < 24 && minute < 60 && second < 60)
        .then(|| i64::from(hour * 3_600 + minute * 60 + second) * SECOND + i64::from(micros))
}

/// The part of a text that is not read yet.
pub(super) struct Cursor<'a> {
    pub(super) rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub(super) fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    pub(super) fn take(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    fn take_while(&mut self, keep: impl Fn(u8) -> bool) -> &'a [u8] {
        let end = self.rest.iter().position(|byte| !keep(*byte)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    pub(super) fn digits(&mut self) -> &'a [u8] {
        self.take_while(|byte| byte.is_ascii_digit())
    }

    pub(super) fn one_or_two(&mut self) -> Option<u32> {
        let digits = self.digits();
        number(digits).filter(|_| matches!(digits.len(), 1 | 2))
    }

    pub(super) fn word(&mut self) -> &'a [u8] {
        self.take_while(|byte| byte.is_ascii_alphabetic())
    }

    pub(super) fn skip(&mut self, signs: &[u8]) {
        self.take_while(|byte| signs.contains(&byte));
    }

    /// Passes over `. ` where a word follows, as in `5. Januar` or `5. January`.
    pub(super) fn skip_first(&mut self, signs: &[u8]) {
        let mut ahead = Cursor { rest: self.rest };
        ahead.skip(signs);
        if ahead.peek().is_some_and(|byte| byte.is_ascii_alphabetic()) {
            self.rest = ahead.rest;
        }
    }

    /// Passes over the `st`, `nd`, `rd` or `th` of a day.
    pub(super) fn ordinal(&mut self) {
        for ending in [b"st", b"nd", b"rd", b"th"] {
            if let Some((start, rest)) = self.rest.split_at_checked(2)
                && start.eq_ignore_ascii_case(ending)
                && !rest.first().is_some_and(u8::is_ascii_alphabetic)
            {
                self.rest = rest;
                return;
            }
        }
    }

    /// A day, then a time of day or the end.
    pub(super) fn finish_day(&mut self, day: i64) -> Option<TimeReading> {
        let (clock, has_time) = self.clock_and_zone()?;
        Some(TimeReading::Certain(Moment { micros: day + clock, has_time }))
    }

    /// The rest of a text after its day: nothing, or a time of day with or without an offset from UTC. Microseconds to
    /// add to the day, and whether a time was written.
    pub(super) fn clock_and_zone(&mut self) -> Option<(i64, bool)> {
        self.skip(b" ,");
        if self.rest.is_empty() {
            return Some((0, false));
        }
        if matches!(self.peek(), Some(b'T' | b't')) {
            self.take();
        }
        let clock = self.clock()?;
        self.skip(b" ");
        let offset = self.offset()?;
        self.rest.is_empty().then_some((clock - offset, true))
    }

    /// `10:20`, `10:20:30.123456`, `10:20:30 PM`, `102030`; microseconds since midnight.
    pub(super) fn clock(&mut self) -> Option<i64> {
        let first = self.digits();
        let (hour, minute, mut second, hour_alone) = match first.len() {
            1 | 2 if self.peek() == Some(b':') => {
                self.take();
                (number(first)?, self.one_or_two()?, 0, false)
            }
            1 | 2 => (number(first)?, 0, 0, true),
            6 => (number(first.get(..2)?)?, number(first.get(2..4)?)?, number(first.get(4..)?)?, false),
            _ => return None,
        };
        let mut micros = 0;
        if self.peek() == Some(b':') && !hour_alone {
            self.take();
            second = self.one_or_two()?;
        }
        if matches!(self.peek(), Some(b'.' | b',')) {
            self.take();
            let fraction = self.digits();
            if fraction.is_empty() || fraction.len() > 9 {
                return None;
            }
            // The first six digits; a microsecond is all that is kept.
            let kept = fraction.get(..6).unwrap_or(fraction);
            let lacking = 6_u32.checked_sub(u32::try_from(kept.len()).ok()?)?;
            micros = number(kept)? * 10_u32.pow(lacking);
        }
        let half = self.half_of_day();
        // `5 Jan 2024 10` is no time; `5 Jan 2024 10 pm` is.
        if hour_alone && half.is_none() {
            return None;
        }
        let hour = match half {
            None => hour,
            Some(_) if !(1..=12).contains(&hour) => return None,
            Some(afternoon) => hour % 12 + if afternoon { 12 } else { 0 },
        };
        clock_micros(hour, minute, second, micros)
    }

    /// AM or PM; true for the afternoon.
    fn half_of_day(&mut self) -> Option<bool> {
        let mut ahead = Cursor { rest: self.rest };
        ahead.skip(b" ");
        let word = ahead.take_while(|byte| byte.is_ascii_alphabetic() || byte == b'.');
        let afternoon = match word {
            [b'a' | b'A', b'm' | b'M'] | [b'a' | b'A', b'.', b'm' | b'M', b'.'] => false,
            [b'p' | b'P', b'm' | b'M'] | [b'p' | b'P', b'.', b'm' | b'M', b'.'] => true,
            _ => return None,
        };
        self.rest = ahead.rest;
        Some(afternoon)
    }

    /// Microseconds that local time is ahead of UTC; 0 where no offset is written.
    fn offset(&mut self) -> Option<i64> {
        if matches!(self.peek(), Some(byte) if byte.is_ascii_alphabetic()) {
            let zone = self.word();
            if !["z", "utc", "gmt"].iter().any(|name| zone.eq_ignore_ascii_case(name.as_bytes())) {
                return None;
            }
        }
        let ahead = match self.peek() {
            Some(b'+') => 1,
            Some(b'-') => -1,
            _ => return Some(0),
        };
        self.take();
        let first = self.digits();
        let (hours, minutes) = match first.len() {
            1 | 2 if self.peek() == Some(b':') => {
                self.take();
                (number(first)?, self.one_or_two()?)
            }
            1 | 2 => (number(first)?, 0),
            4 => (number(first.get(..2)?)?, number(first.get(2..)?)?),
            _ => return None,
        };
        (hours <= 15 && minutes < 60).then(|| ahead * i64::from(hours * 3_600 + minutes * 60) * SECOND)
    }
}
