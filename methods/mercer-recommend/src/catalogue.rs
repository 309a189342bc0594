//! The products: what they are called, what is said of them, what they earn and whether there are any.

use std::collections::HashMap;

use mercer_base::Result;
use mercer_base::frame::{Column, Frame, NO_WORD};
use mercer_method::{IntakeCounts, rows_by_id};
use serde::{Deserialize, Serialize};

use crate::content::{Content, ProductText, TextSettings};
use crate::sparse::single;

/// The products in the order of their ids.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Catalogue {
    /// Their ids.
    pub(crate) ids: Vec<String>,
    /// What they are called; their ids where that is not known.
    pub(crate) titles: Vec<String>,
    /// The number of each product's category, [`NO_WORD`] for none.
    pub(crate) category_of: Vec<u32>,
    /// The categories.
    pub(crate) categories: Vec<String>,
    /// Margin of a piece; empty where costs are not known.
    pub(crate) margins: Vec<f32>,
    /// Pieces in stock; empty where that is not known.
    pub(crate) stock: Vec<f32>,
}

/// What is written about each product.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Texts {
    descriptions: Vec<String>,
    /// Names of attributes, and for each product their values.
    names: Vec<String>,
    values: Vec<Vec<String>>,
    is_known: bool,
    /// Vectors that the user has of each product (of texts or pictures), and how many numbers one has; empty where there are none.
    vectors: (usize, Vec<f32>),
}

impl Catalogue {
    /// The products of `ids` and those of a table of products, with what it says of them.
    pub(crate) fn read(
        mut ids: Vec<String>,
        frame: Option<&Frame>,
        counts: &mut IntakeCounts,
    ) -> Result<(Self, Texts)> {
        let Some(frame) = frame else {
            let category_of = vec![NO_WORD; ids.len()];
            return Ok((Self { titles: ids.clone(), category_of, ids, ..Self::default() }, Texts::default()));
        };
        let listed = frame.words("product_id")?;
        // Refused rows of this table are noted, for the counts are those of purchases.
        let mut own = IntakeCounts::default();
        let rows = rows_by_id(frame, listed, "product", &mut own);
        if own.refused > 0 {
            counts.notes.push(format!("{} rows of products repeat another or name none", own.refused));
        }
        ids.extend(rows.iter().filter_map(|row| listed.get(*row)).map(str::to_owned));
        ids.sort_unstable();
        ids.dedup();
        let row_of: HashMap<&str, usize> = rows.iter().filter_map(|row| Some((listed.get(*row)?, *row))).collect();
        let word = |name: &str, id: &str| {
            let Some(Column::Words(words)) = frame.column(name) else { return String::new() };
            row_of.get(id).and_then(|row| words.get(*row)).unwrap_or_default().trim().to_owned()
        };
        let number = |name: &str, id: &str| {
            let Some(Column::Numbers(values)) = frame.column(name) else { return f32::NAN };
            row_of.get(id).and_then(|row| values.get(*row)).map_or(f32::NAN, |value| single(*value))
        };
        let all = |name: &str| ids.iter().map(|id| word(name, id)).collect::<Vec<String>>();
        let numbers = |name: &str| match frame.column(name) {
            Some(_) => ids.iter().map(|id| number(name, id)).collect::<Vec<f32>>(),
            None => Vec::new(),
        };
        let titles = ids.iter().zip(all("title")).map(|(id, title)| if title.is_empty() { id.clone() } else { title });
        let of_products = all("category");
        let mut categories: Vec<String> = of_products.iter().filter(|name| !name.is_empty()).cloned().collect();
        categories.sort_unstable();
        categories.dedup();
        let code = |name: &String| categories.binary_search(name).ok().and_then(|at| u32::try_from(at).ok());
        let category_of = of_products.iter().map(|name| code(name).unwrap_or(NO_WORD)).collect();
        let (prices, costs) = (numbers("price"), numbers("cost"));
        let known = ["product_id", "title", "description", "category", "price", "cost", "stock"];
        let names: Vec<String> = frame
            .columns()
            .filter(|(name, column)| !known.contains(name) && matches!(column, Column::Words(_)))
            .map(|(name, _)| name.to_owned())
            .collect();
        let values = ids.iter().map(|id| names.iter().map(|name| word(name, id)).collect()).collect();
        let of_vectors: Vec<&str> = frame
            .columns()
            .filter(|(name, column)| is_of_vector(name) && matches!(column, Column::Numbers(_)))
            .map(|(name, _)| name)
            .collect();
        let place = |id: &String, name: &&str| Some(number(name, id)).filter(|value| value.is_finite()).unwrap_or(0.0);
        let vectors =
            ids.iter().flat_map(|id| of_vectors.iter().map(move |name| (id, name))).map(|(id, name)| place(id, name));
        let vectors = (of_vectors.len(), vectors.collect());
        let texts = Texts { descriptions: all("description"), names, values, is_known: true, vectors };
        let catalogue = Self {
            titles: titles.collect(),
            category_of,
            categories,
            margins: prices.iter().zip(&costs).map(|(price, cost)| price - cost).collect(),
            stock: numbers("stock"),
            ids,
        };
        Ok((catalogue, texts))
    }

    /// What a product is called.
    pub(crate) fn title(&self, product: u32) -> &str {
        self.titles.get(product as usize).map_or("", String::as_str)
    }

    /// The number of a product.
    pub(crate) fn number(&self, id: &str) -> Option<u32> {
        self.ids.binary_search_by(|known| known.as_str().cmp(id)).ok().and_then(|at| u32::try_from(at).ok())
    }

    /// Whether categories are known.
    pub(crate) fn has_categories(&self) -> bool {
        self.category_of.iter().any(|category| *category != NO_WORD)
    }

    /// What products are like, from the vectors that the user has or else from their texts; `None` where there are neither, or
    /// the texts share no words.
    ///
    /// # Errors
    /// When the vectors cannot be used.
    pub(crate) fn content(&self, texts: &Texts) -> Result<Option<Content>> {
        let (dimensions, values) = &texts.vectors;
        if *dimensions > 0 {
            return Content::of_vectors(values.clone(), *dimensions).map(Some);
        }
        Ok(self.with_texts(texts, |texts| Content::fit(texts, &TextSettings::default()).ok()).flatten())
    }

    /// The texts of all products as content reads them, handed to `learn`; `None` where nothing is written about any.
    fn with_texts<T>(&self, texts: &Texts, learn: impl FnOnce(&[ProductText<'_>]) -> T) -> Option<T> {
        if !texts.is_known {
            return None;
        }
        let attributes: Vec<Vec<(&str, &str)>> = texts
            .values
            .iter()
            .map(|values| {
                let pairs = texts.names.iter().zip(values).filter(|(_, value)| !value.is_empty());
                pairs.map(|(name, value)| (name.as_str(), value.as_str())).collect()
            })
            .collect();
        let products: Vec<ProductText<'_>> = (0..self.ids.len())
            .map(|at| ProductText {
                title: if self.titles[at] == self.ids[at] { "" } else { &self.titles[at] },
                description: &texts.descriptions[at],
                category: self.categories.get(self.category_of[at] as usize).map_or("", String::as_str),
                attributes: &attributes[at],
            })
            .collect();
        Some(learn(&products))
    }
}

/// Whether a column is one number of the user's vectors: `vector_1`, `embedding_17`.
fn is_of_vector(name: &str) -> bool {
    let name = name.to_lowercase();
    ["vector", "embedding"].iter().any(|prefix| {
        name.strip_prefix(prefix).is_some_and(|rest| rest.trim_start_matches(['_', '.', '-']).parse::<u32>().is_ok())
    })
}
