//! What products are, from their texts or from the user's vectors: which are alike, and which suit what a customer bought.

mod words;

use std::collections::HashMap;

use mercer_base::{Error, Result};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::board::{Board, Sink};
use crate::log::Orders;
use crate::ranking::{better, top_of};
use crate::scorer::Scorer;
use crate::sparse::Sparse;
use words::{Kind, terms};

/// What is written about a product; empty where nothing is.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct ProductText<'a> {
    /// Its name.
    pub(crate) title: &'a str,
    /// Its description.
    pub(crate) description: &'a str,
    /// Its category; levels parted by `>`, `/` or `|`.
    pub(crate) category: &'a str,
    /// Names and values of attributes.
    pub(crate) attributes: &'a [(&'a str, &'a str)],
}

/// How texts become vectors.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct TextSettings {
    /// The weight of the title's words.
    pub(crate) title: f32,
    /// The weight of the description's words.
    pub(crate) description: f32,
    /// The weight of the category.
    pub(crate) category: f32,
    /// The weight of an attribute.
    pub(crate) attributes: f32,
    /// By how much pairs of words that follow each other weigh more or less than words; 0 for none.
    pub(crate) pairs: f32,
    /// By how much numbers and sizes weigh more or less than words; 0 for none.
    pub(crate) sizes: f32,
    /// By how much runs of 4 letters weigh more or less than words; 0 for none. Above 0 for languages that join their words.
    pub(crate) letters: f32,
    /// Terms of more than this share of products are dropped.
    pub(crate) most_products: f32,
}

impl Default for TextSettings {
    fn default() -> Self {
        Self {
            title: 1.0,
            description: 0.3,
            category: 0.5,
            attributes: 0.5,
            pairs: 0.5,
            sizes: 0.5,
            letters: 0.0,
            most_products: 0.5,
        }
    }
}

/// Terms of fewer products than this say nothing about which are alike.
const FEWEST_PRODUCTS: usize = 2;

/// What all products are, as vectors of length 1 (or 0 where nothing is known).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Content(Vectors);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Vectors {
    /// Products × terms, the same by terms, and the terms.
    Terms { of_products: Sparse, of_terms: Sparse, terms: Vec<(Kind, String)> },
    /// Products × dimensions, product by product.
    Given { dimensions: usize, values: Vec<f32> },
}

impl Content {
    /// Learns which terms tell products apart. A term weighs its frequency times its inverse document frequency,
    /// `1 + ln((1 + n) / (1 + d))` for a term in `d` of `n` products (Spärck Jones 1972, smoothed so that a term in all of
    /// them still counts); vectors are then scaled to length 1.
    ///
    /// # Errors
    /// Where a weight is negative or not a number, or no term is in two products.
    pub(crate) fn fit(products: &[ProductText<'_>], settings: &TextSettings) -> Result<Self> {
        settings.check()?;
        let written: Vec<_> = products.par_iter().map(|product| terms(product, settings)).collect();
        let mut counts: HashMap<&(Kind, String), usize> = HashMap::new();
        for (term, _) in written.iter().flatten() {
            *counts.entry(term).or_default() += 1;
        }
        let most = (f64::from(settings.most_products) * products.len() as f64).max(FEWEST_PRODUCTS as f64);
        counts.retain(|_, count| *count >= FEWEST_PRODUCTS && *count as f64 <= most);
        let mut vocabulary: Vec<(&(Kind, String), usize)> = counts.into_iter().collect();
        vocabulary.sort_unstable();
        if vocabulary.is_empty() {
            return Err(Error::data("the products' texts share no words: nothing says which products are alike")
                .with_hint(
                    "map the column with product titles, descriptions or categories, or recommend without content",
                ));
        }
        let n = products.len() as f64;
        #[allow(clippy::cast_possible_truncation, reason = "a weight is kept at single precision")]
        let known: HashMap<&(Kind, String), (u32, f32)> = (0_u32..)
            .zip(&vocabulary)
            .map(|(index, (term, count))| (*term, (index, (((1.0 + n) / (1.0 + *count as f64)).ln() + 1.0) as f32)))
            .collect();
        // Terms are sorted in both, so the columns of a row are rising.
        let vector = |terms: &Vec<((Kind, String), f32)>| {
            let mut row: Vec<(u32, f32)> = terms
                .iter()
                .filter_map(|(term, weight)| known.get(term).map(|(index, rarity)| (*index, weight * rarity)))
                .collect();
            scale_to_one(&mut row, |(_, value)| value);
            row
        };
        let rows: Vec<Vec<(u32, f32)>> = written.par_iter().map(vector).collect();
        let of_products = Sparse::from_rows(vocabulary.len(), rows);
        let terms = vocabulary.into_iter().map(|(term, _)| term.clone()).collect();
        Ok(Self(Vectors::Terms { of_terms: of_products.transposed(), of_products, terms }))
    }

    /// Takes vectors that the user has (embeddings of texts or images): `dimensions` values a product, product by product. A
    /// product without one has zeros.
    ///
    /// # Errors
    /// Where the values are no whole number of vectors, or one is not a finite number.
    pub(crate) fn of_vectors(mut values: Vec<f32>, dimensions: usize) -> Result<Self> {
        if dimensions == 0 || !values.len().is_multiple_of(dimensions) {
            return Err(Error::data(format!("{} values are no whole number of vectors of {dimensions}", values.len()))
                .with_hint("give each product as many values"));
        }
        if let Some(place) = values.iter().position(|value| !value.is_finite()) {
            let product = place / dimensions + 1;
            return Err(Error::data(format!("the vector of product {product} holds {}", values[place]))
                .with_hint("leave a product's vector out where it is not known"));
        }
        values.par_chunks_exact_mut(dimensions).for_each(|vector| scale_to_one(vector, |value| value));
        Ok(Self(Vectors::Given { dimensions, values }))
    }

    /// How many products there are.
    pub(crate) fn products(&self) -> usize {
        match &self.0 {
            Vectors::Terms { of_products, .. } => of_products.rows(),
            Vectors::Given { dimensions, values } => values.len() / dimensions,
        }
    }

    /// How alike two products are: the cosine of their vectors, 0 for a product that is not there. From 0 to 1 for texts.
    pub(crate) fn similarity(&self, a: u32, b: u32) -> f32 {
        let (a, b) = (a as usize, b as usize);
        if a.max(b) >= self.products() {
            return 0.0;
        }
        match &self.0 {
            Vectors::Terms { of_products, .. } => {
                let mut others = of_products.pairs(b).peekable();
                let mut sum = 0.0;
                for (term, value) in of_products.pairs(a) {
                    while others.next_if(|(other, _)| *other < term).is_some() {}
                    sum += others.next_if(|(other, _)| *other == term).map_or(0.0, |(_, other)| value * other);
                }
                sum
            }
            Vectors::Given { dimensions, values } => {
                dot(&values[a * dimensions..(a + 1) * dimensions], &values[b * dimensions..(b + 1) * dimensions])
            }
        }
    }

    /// The `k` products most alike to one, of those `allowed`, with their cosines, which are above 0; never itself. `room` has a
    /// place for every product. By texts the words of the fewest products are compared first, until `most` products were looked
    /// at; which are alike is then told by these words, and how much by all.
    pub(crate) fn similar(
        &self,
        room: &mut Board,
        product: u32,
        most: usize,
        k: usize,
        allowed: impl Fn(u32) -> bool,
    ) -> Vec<(u32, f32)> {
        let allowed = |(other, score): &(u32, f32)| *other != product && *score > 0.0 && allowed(*other);
        let mut found = match &self.0 {
            Vectors::Terms { .. } => {
                room.clear();
                let is_whole = self.add_scores_within(&[(product, 1.0)], most, room);
                let touched = room.touched().iter().map(|other| (*other, room.get(*other)));
                let mut found = top_of(touched.filter(allowed), k);
                if !is_whole {
                    found.iter_mut().for_each(|(other, score)| *score = self.similarity(product, *other));
                    found.sort_unstable_by(better);
                }
                found
            }
            Vectors::Given { .. } => {
                let mut scores = vec![0.0; self.products()];
                self.score_products(&[(product, 1.0)], &mut scores);
                top_of((0_u32..).zip(scores).filter(allowed), k)
            }
        };
        // Rounding must not make two products more than the same.
        found.iter_mut().for_each(|(_, score)| *score = score.min(1.0));
        found
    }

    /// Whether the user gave vectors, and they are not of texts.
    pub(crate) fn has_vectors(&self) -> bool {
        matches!(self.0, Vectors::Given { .. })
    }

    /// An order in which products of the same vector stand together.
    pub(crate) fn vector_order(&self, a: u32, b: u32) -> std::cmp::Ordering {
        let by_bits =
            |a: &[f32], b: &[f32]| a.iter().map(|value| value.to_bits()).cmp(b.iter().map(|value| value.to_bits()));
        match &self.0 {
            Vectors::Terms { of_products, .. } => {
                let ((terms, values), (others, other_values)) =
                    (of_products.row(a as usize), of_products.row(b as usize));
                terms.cmp(others).then_with(|| by_bits(values, other_values))
            }
            Vectors::Given { dimensions, values } => {
                let vector = |product: u32| &values[product as usize * dimensions..(product as usize + 1) * dimensions];
                by_bits(vector(a), vector(b))
            }
        }
    }

    /// The terms of the weighted mean of a profile's vectors, scaled to length 1, rising; none where vectors are given.
    fn mean_terms(&self, profile: &[(u32, f32)]) -> Vec<(u32, f32)> {
        let Vectors::Terms { of_products, .. } = &self.0 else { return Vec::new() };
        let mut mean: Vec<(u32, f32)> = Vec::new();
        for (product, weight) in profile.iter().filter(|(product, _)| (*product as usize) < of_products.rows()) {
            mean.extend(of_products.pairs(*product as usize).map(|(term, value)| (term, weight * value)));
        }
        // Stable, so that the values of a term add up in the order of the profile.
        mean.sort_by_key(|(term, _)| *term);
        mean.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            kept.1 += if same { next.1 } else { 0.0 };
            same
        });
        scale_to_one(&mut mean, |(_, value)| value);
        mean
    }

    /// The weighted mean of a profile's vectors, scaled to length 1; empty where texts are the vectors.
    pub(crate) fn mean_vector(&self, profile: &[(u32, f32)]) -> Vec<f32> {
        let Vectors::Given { dimensions, values } = &self.0 else { return Vec::new() };
        let mut mean = vec![0.0; *dimensions];
        for (product, weight) in profile.iter().filter(|(product, _)| (*product as usize) < self.products()) {
            let vector = values.chunks_exact(*dimensions).nth(*product as usize).unwrap_or_default();
            mean.iter_mut().zip(vector).for_each(|(sum, value)| *sum += weight * value);
        }
        scale_to_one(&mut mean, |value| value);
        mean
    }

    /// The cosine of a [`Self::mean_vector`] with one product's vector; 0 where texts are the vectors.
    pub(crate) fn along(&self, mean: &[f32], product: u32) -> f32 {
        let Vectors::Given { dimensions, values } = &self.0 else { return 0.0 };
        values.chunks_exact(*dimensions).nth(product as usize).map_or(0.0, |vector| dot(mean, vector))
    }

    /// As [`Self::score_products`], added to scores that are there, by texts alone. Where all terms would take a look at more than
    /// `most` products, only those of the fewest products, which tell the most, as far as that goes. Returns whether all were used;
    /// nothing is added where vectors are given.
    pub(crate) fn add_scores_within(
        &self,
        profile: &[(u32, f32)],
        most: usize,
        scores: &mut (impl Sink + ?Sized),
    ) -> bool {
        let Vectors::Terms { of_terms, .. } = &self.0 else { return false };
        let mut terms = self.mean_terms(profile);
        let looks = |term: u32| of_terms.row(term as usize).0.len();
        let is_whole = terms.iter().map(|(term, _)| looks(*term)).sum::<usize>() <= most;
        if !is_whole {
            terms.sort_by_key(|(term, _)| (looks(*term), *term));
        }
        let mut left = most;
        for (term, value) in terms {
            let (products, weights) = of_terms.row(term as usize);
            let Some(rest) = left.checked_sub(products.len()) else { break };
            left = rest;
            scores.add_all(products, weights, value);
        }
        is_whole
    }

    /// Scores each product by how alike it is to a profile of products with weights: the cosine with their weighted mean vector.
    /// `scores` holds one place a product and is overwritten; 0 where nothing speaks for a product. Products that are not there
    /// are left out.
    pub(crate) fn score_products(&self, profile: &[(u32, f32)], scores: &mut [f32]) {
        scores.fill(0.0);
        match &self.0 {
            Vectors::Terms { of_terms, .. } => {
                for (term, value) in self.mean_terms(profile) {
                    let (products, weights) = of_terms.row(term as usize);
                    scores.add_all(products, weights, value);
                }
            }
            Vectors::Given { dimensions, values } => {
                let mean = self.mean_vector(profile);
                for (score, vector) in scores.iter_mut().zip(values.chunks_exact(*dimensions)) {
                    *score = dot(&mean, vector);
                }
            }
        }
    }

    /// What each product of a profile contributes to the score of `product`, as shares that add up to 1, the largest first:
    /// "because you bought". Products that speak against it, or say nothing, have none; empty where none speaks for it.
    pub(crate) fn share(&self, profile: &[(u32, f32)], product: u32) -> Vec<(u32, f32)> {
        let mut parts: Vec<(u32, f32)> = profile
            .iter()
            .map(|(bought, weight)| (*bought, weight * self.similarity(*bought, product)))
            .filter(|(_, part)| *part > 0.0)
            .collect();
        let sum: f32 = parts.iter().map(|(_, part)| part).sum();
        parts.iter_mut().for_each(|(_, part)| *part /= sum);
        parts.sort_by(better);
        parts
    }
}

impl Scorer for Content {
    /// How alike each product is to all that the customer ever bought, each product counting once.
    fn score(&self, orders: Orders<'_>, _: f64, scores: &mut [f32]) {
        let profile: Vec<(u32, f32)> = orders.products().into_iter().map(|(product, _)| (product, 1.0)).collect();
        self.score_products(&profile, scores);
    }
}

impl TextSettings {
    /// # Errors
    /// Where a weight is negative or not a number.
    fn check(&self) -> Result<()> {
        let Self { title, description, category, attributes, pairs, sizes, letters, most_products } = *self;
        for (name, value) in [
            ("title", title),
            ("description", description),
            ("category", category),
            ("attributes", attributes),
            ("pairs", pairs),
            ("sizes", sizes),
            ("letters", letters),
            ("most_products", most_products),
        ] {
            if !(value.is_finite() && value >= 0.0) {
                return Err(Error::config(format!("`{name}` is {value}")).with_hint("give 0 or more"));
            }
        }
        Ok(())
    }
}

/// Divides values by the root of the sum of their squares; zeros stay. `value` finds the value in an item.
fn scale_to_one<T>(items: &mut [T], value: impl Fn(&mut T) -> &mut f32) {
    // In double precision, so that neither large nor small vectors lose their length.
    let length = items.iter_mut().map(|item| f64::from(*value(item)).powi(2)).sum::<f64>().sqrt();
    if length > 0.0 {
        for item in items {
            let value = value(item);
            #[allow(clippy::cast_possible_truncation, reason = "at most 1")]
            let scaled = (f64::from(*value) / length) as f32;
            *value = scaled;
        }
    }
}

/// The sum of products, in eight lanes that the compiler keeps in one register.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    const LANES: usize = 8;
    let mut sums = [0.0_f32; LANES];
    let (a_chunks, b_chunks) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest: f32 = a_chunks.remainder().iter().zip(b_chunks.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in a_chunks.zip(b_chunks) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    sums.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests;
