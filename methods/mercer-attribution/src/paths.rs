//! Journeys: the touches of each, how many of them ended in a conversion, and what those were worth.

use std::cmp::Ordering;
use std::ops::Range;

use mercer_base::{Error, Result};

/// Journeys in one compressed table: touches of path p are `touches[starts[p]..starts[p + 1]]`, earliest first.
///
/// A path may have no touch: a conversion that nobody saw coming. All models count it as nobody's.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Paths {
    /// Names of the channels (or campaigns, creatives, placements: whatever is credited), by code, sorted.
    pub(crate) channels: Vec<String>,
    /// Where the touches of each path begin, and one more: where those of the last end.
    pub(crate) starts: Vec<usize>,
    /// Codes of the channels touched.
    pub(crate) touches: Vec<u32>,
    /// Days from each touch to the end of its path (conversion, or end of observation), where times are known.
    pub(crate) days_before_end: Option<Vec<f32>>,
    /// Journeys of this path that converted.
    pub(crate) conversions: Vec<f64>,
    /// What their conversions were worth in all.
    pub(crate) value: Vec<f64>,
    /// Journeys of this path that did not convert.
    pub(crate) nulls: Vec<f64>,
    /// Who walked the path: groups for the bootstrap; each path its own where nobody is named.
    pub(crate) customers: Option<Vec<u32>>,
}

impl Paths {
    /// Number of paths.
    pub(crate) fn len(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// Where the touches of path `path` lie in `touches` and what is aligned with it; empty where there is no such path.
    pub(crate) fn range(&self, path: usize) -> Range<usize> {
        match (self.starts.get(path), self.starts.get(path + 1)) {
            (Some(start), Some(end)) => *start..*end,
            _ => 0..0,
        }
    }

    /// The channels that path `path` touched, earliest first.
    pub(crate) fn touches_of(&self, path: usize) -> &[u32] {
        self.touches.get(self.range(path)).unwrap_or_default()
    }

    /// Days from each touch of `path` to its end, where times are known.
    pub(crate) fn days_of(&self, path: usize) -> Option<&[f32]> {
        self.days_before_end.as_ref()?.get(self.range(path))
    }

    /// Journeys of this path, converted or not.
    pub(crate) fn journeys(&self, path: usize) -> f64 {
        self.conversions[path] + self.nulls[path]
    }

    /// Conversions of all paths, those without touches included.
    pub(crate) fn total_conversions(&self) -> f64 {
        self.conversions.iter().sum()
    }

    /// Value of the conversions of all paths, those without touches included.
    pub(crate) fn total_value(&self) -> f64 {
        self.value.iter().sum()
    }

    /// Conversions and their value of the paths that have a touch: what models divide among channels.
    pub(crate) fn touched_totals(&self) -> (f64, f64) {
        (0..self.len())
            .filter(|path| !self.range(*path).is_empty())
            .fold((0.0, 0.0), |sums, path| (sums.0 + self.conversions[path], sums.1 + self.value[path]))
    }

    /// The group of each path for folds and the bootstrap, as numbers from 0 without a gap, and how many groups there are.
    pub(crate) fn groups(&self) -> (Vec<u32>, usize) {
        let Some(customers) = &self.customers else {
            return ((0..u32::try_from(self.len()).unwrap_or(u32::MAX)).collect(), self.len());
        };
        let most = customers.iter().max().map_or(0, |most| *most as usize);
        if most / 8 > customers.len() {
            let mut known: Vec<u32> = customers.clone();
            known.sort_unstable();
            known.dedup();
            let place =
                |customer: &u32| known.binary_search(customer).map_or(0, |at| u32::try_from(at).unwrap_or(u32::MAX));
            return (customers.iter().map(place).collect(), known.len());
        }
        // Customers are numbered with few gaps: a table is quicker than a search.
        let mut numbers = vec![u32::MAX; most + 1];
        customers.iter().for_each(|customer| numbers[*customer as usize] = 0);
        let mut count = 0;
        for number in numbers.iter_mut().filter(|number| **number == 0) {
            *number = count;
            count += 1;
        }
        (customers.iter().map(|customer| numbers[*customer as usize]).collect(), count as usize)
    }

    /// The paths in an order that depends on what they are only, not on that of the rows they were read from: by touches,
    /// then by what else is known.
    pub(crate) fn canonical_order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.len()).collect();
        order.sort_by(|a, b| self.compare(*a, *b));
        order
    }

    fn compare(&self, a: usize, b: usize) -> Ordering {
        let floats = |left: Option<&[f32]>, right: Option<&[f32]>| {
            let (left, right) = (left.unwrap_or_default(), right.unwrap_or_default());
            left.iter().zip(right).map(|(x, y)| x.total_cmp(y)).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
        };
        let customer = |path: usize| self.customers.as_ref().and_then(|customers| customers.get(path));
        let amounts = |path: usize| [self.conversions[path], self.value[path], self.nulls[path]];
        self.touches_of(a)
            .cmp(self.touches_of(b))
            .then_with(|| floats(self.days_of(a), self.days_of(b)))
            .then_with(|| {
                let both = amounts(a).into_iter().zip(amounts(b));
                both.map(|(x, y)| x.total_cmp(&y)).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
            })
            .then_with(|| customer(a).cmp(&customer(b)))
    }

    /// The paths numbered in `order`, in that order (fewer than all make a part of the journeys). Numbers beyond the paths
    /// are left out.
    pub(crate) fn reordered(&self, order: &[usize]) -> Self {
        let order: Vec<usize> = order.iter().copied().filter(|path| *path < self.len()).collect();
        let gather = |from: &[f64]| order.iter().map(|path| from[*path]).collect();
        let by_touch =
            |from: &Vec<f32>| order.iter().flat_map(|path| from[self.range(*path)].iter().copied()).collect();
        let mut starts = Vec::with_capacity(order.len() + 1);
        starts.push(0);
        let mut end = 0;
        for path in &order {
            end += self.range(*path).len();
            starts.push(end);
        }
        Self {
            channels: self.channels.clone(),
            starts,
            touches: order.iter().flat_map(|path| self.touches_of(*path).iter().copied()).collect(),
            days_before_end: self.days_before_end.as_ref().map(by_touch),
            conversions: gather(&self.conversions),
            value: gather(&self.value),
            nulls: gather(&self.nulls),
            customers: self.customers.as_ref().map(|from| order.iter().map(|path| from[*path]).collect()),
        }
    }

    /// Checks that the table holds together and has what a model needs: lengths agree, codes have names, counts are finite
    /// and not negative, days are finite and fall along each path, and a path with touches converted.
    ///
    /// # Errors
    /// The table contradicts itself (a bug of who made it), or no journey with a touch converted.
    pub(crate) fn check(&self) -> Result<()> {
        let paths = self.len();
        let whole = self.starts.first() == Some(&0)
            && self.starts.last() == Some(&self.touches.len())
            && self.starts.is_sorted()
            && [self.conversions.len(), self.value.len(), self.nulls.len()].iter().all(|length| *length == paths)
            && self.customers.as_ref().is_none_or(|customers| customers.len() == paths)
            && self.days_before_end.as_ref().is_none_or(|days| days.len() == self.touches.len());
        if !whole {
            return Err(Error::internal("the columns of the table of journeys differ in length"));
        }
        if self.touches.iter().any(|code| *code as usize >= self.channels.len()) {
            return Err(Error::internal("a touch is of a channel without a name"));
        }
        let counts = self.conversions.iter().chain(&self.value).chain(&self.nulls);
        if let Some(wrong) = counts.into_iter().find(|count| !(count.is_finite() && **count >= 0.0)) {
            return Err(Error::data(format!("a journey has {wrong} as its conversions, value or non-conversions"))
                .with_hint(
                    "counts and values must be finite and not negative: take refunds off the order they belong to",
                ));
        }
        let falls =
            |days: &[f32]| days.iter().all(|day| day.is_finite() && *day >= 0.0) && days.is_sorted_by(|a, b| a >= b);
        if !(0..paths).all(|path| self.days_of(path).is_none_or(falls)) {
            return Err(Error::internal("the touches of a journey are not in the order of time"));
        }
        if self.touched_totals().0 <= 0.0 {
            return Err(Error::data("no journey with a touch ended in a conversion")
                .with_hint("check that touchpoints and orders name the same customers, and that the look-back window is long enough"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use mercer_base::ErrorKind;
    use mercer_testkit::assert_error;

    use super::*;
    use crate::made_up::paths;

    #[test]
    fn the_order_of_rows_does_not_show() {
        let forward = paths(&["a > b;1;2;3", "b;0;0;4", "a;2;5;0", "a > b;1;1;3"]);
        let backward = paths(&["a > b;1;1;3", "a;2;5;0", "b;0;0;4", "a > b;1;2;3"]);
        let sorted = |paths: &Paths| paths.reordered(&paths.canonical_order());
        assert_eq!(sorted(&forward), sorted(&backward));
        assert_eq!(sorted(&forward).touches_of(0), [0]);
        assert_eq!(sorted(&forward).value, [5.0, 1.0, 2.0, 0.0]);
    }

    #[test]
    fn groups_have_no_gaps() {
        let mut all = paths(&["a;1;0;0", "a;1;0;0", "a;1;0;0"]);
        assert_eq!(all.groups(), (vec![0, 1, 2], 3));
        all.customers = Some(vec![70, 5, 70]);
        assert_eq!(all.groups(), (vec![1, 0, 1], 2));
        all.customers = Some(vec![2, 0, 2]);
        assert_eq!(all.groups(), (vec![1, 0, 1], 2));
    }

    #[test]
    fn what_cannot_be_credited_is_refused() {
        let error = paths(&["a > b;0;0;3", ";2;0;0"]).check().unwrap_err();
        assert_error(&error, ErrorKind::Data, &["no journey with a touch"]);
        let error = paths(&["a;1;-3;0"]).check().unwrap_err();
        assert_error(&error, ErrorKind::Data, &["-3"]);
        let mut backwards = paths(&["a > b;1;1;0"]);
        backwards.days_before_end = Some(vec![1.0, 2.0]);
        assert!(backwards.check().is_err());
        assert!(paths(&["a > b;1;1;0", ";2;0;0"]).check().is_ok());
    }
}
