//! What customers chose, from the tables that say so: products bought with their attributes, and choices of any other kind.

use mercer_base::Result;
use mercer_base::frame::{Column, Frame, NO_WORD, Words, WordsBuilder};
use mercer_method::Tables;

use crate::explain::associate::{Choices, Coded};
use crate::prepare::written;

/// The scope of a choice among everything.
const ANYTHING: &str = "anything";
/// Different values of a product's attribute up to which it is a choice between kinds.
const MOST_VALUES: usize = 200;
/// Share of an attribute's values that must be words for colours, to speak of dark and light ones.
const COLOURS: f64 = 0.5;

/// Reads the choices of customers, who are given in the order of their ids. Nothing where no table has any.
///
/// # Errors
/// When a table lacks a column.
pub(crate) fn read(tables: &Tables, customers: &[String]) -> Result<Option<Choices>> {
    let mut choices = Choices::default();
    if let (Some(bought), Some(products)) = (tables.get("bought"), tables.get("products")) {
        add_products(&mut choices, bought, products, customers)?;
    }
    if let Some(frame) = tables.get("choices") {
        add_choices(&mut choices, frame, customers)?;
    }
    Ok((!choices.choices().is_empty()).then_some(choices))
}

/// Rows of known customers: the customer's position and the row.
fn known(ids: &Words, customers: &[String]) -> (Vec<u32>, Vec<usize>) {
    let position: Vec<Option<u32>> = ids
        .words
        .iter()
        .map(|word| {
            customers.binary_search_by(|known| known.as_str().cmp(word)).ok().and_then(|at| u32::try_from(at).ok())
        })
        .collect();
    let of = |(row, code): (usize, &u32)| position.get(*code as usize).copied().flatten().map(|at| (at, row));
    ids.codes.iter().enumerate().filter_map(of).unzip()
}

fn add_choices(choices: &mut Choices, frame: &Frame, customers: &[String]) -> Result<()> {
    let (positions, rows) = known(frame.words("customer_id")?, customers);
    let (scopes, values) = (frame.words("scope")?, frame.words("value")?);
    let at = |words: &Words| rows.iter().map(|row| words.codes[*row]).collect::<Vec<_>>();
    let (scope_codes, value_codes) = (at(scopes), at(values));
    let (scope_words, value_words): (Vec<&str>, Vec<&str>) =
        (scopes.words.iter().collect(), values.words.iter().collect());
    choices.add(
        "choice",
        &positions,
        Coded { codes: &scope_codes, words: &scope_words },
        Coded { codes: &value_codes, words: &value_words },
    )
}

/// Each attribute of products is a dimension: within the product's category where there are categories, else among everything.
fn add_products(choices: &mut Choices, bought: &Frame, products: &Frame, customers: &[String]) -> Result<()> {
    let (positions, rows) = known(bought.words("customer_id")?, customers);
    let product_of = positions_of(bought.words("product_id")?, products.words("product_id")?);
    let product: Vec<Option<usize>> = rows
        .iter()
        .map(|row| product_of.get(bought.words("product_id").ok()?.codes[*row] as usize).copied().flatten())
        .collect();
    let anything = [ANYTHING];
    let everywhere = vec![0_u32; rows.len()];
    let among_anything = Coded { codes: &everywhere, words: &anything };
    let category = products.column("category").map(|_| products.words("category")).transpose()?;
    let category = category.filter(|category| !category.words.is_empty());
    let of_product = |codes: &[u32]| -> Vec<u32> {
        product
            .iter()
            .map(|product| product.and_then(|product| codes.get(product).copied()).unwrap_or(NO_WORD))
            .collect()
    };
    let category_codes = category.map(|category| of_product(&category.codes));
    let category_words: Vec<&str> = category.map_or_else(Vec::new, |category| category.words.iter().collect());
    let scope = match &category_codes {
        Some(codes) => Coded { codes, words: &category_words },
        None => among_anything,
    };
    if category.is_some() {
        choices.add("category", &positions, among_anything, scope)?;
    }
    for (name, column) in products.columns().filter(|(name, _)| !["product_id", "category"].contains(name)) {
        let Some(values) = words_of(column) else { continue };
        let codes = of_product(&values.codes);
        let dimension = plain_name(name);
        let words: Vec<&str> = values.words.iter().collect();
        if dimension == "title" {
            choices.add("product", &positions, among_anything, Coded { codes: &codes, words: &words })?;
            continue;
        }
        if words.len() < 2 || words.len() > MOST_VALUES {
            continue;
        }
        choices.add(&dimension, &positions, scope, Coded { codes: &codes, words: &words })?;
        if let Some(tones) = tones(&words) {
            let words = ["dark", "light", "in between"];
            let codes: Vec<u32> =
                codes.iter().map(|code| tones.get(*code as usize).copied().unwrap_or(NO_WORD)).collect();
            choices.add("tone", &positions, scope, Coded { codes: &codes, words: &words })?;
        }
    }
    Ok(())
}

/// For each word of `from` its row in a table whose column `to` names each row once.
fn positions_of(from: &Words, to: &Words) -> Vec<Option<usize>> {
    let mut named: Vec<(&str, usize)> =
        (0..to.codes.len()).filter_map(|row| to.get(row).map(|word| (word, row))).collect();
    named.sort_unstable();
    named.dedup_by_key(|(name, _)| *name);
    from.words
        .iter()
        .map(|word| named.binary_search_by(|(name, _)| (*name).cmp(word)).ok().map(|at| named[at].1))
        .collect()
}

/// A column as words; none for dates, and for numbers with many values.
fn words_of(column: &Column) -> Option<Words> {
    match column {
        Column::Words(words) => Some(words.clone()),
        Column::Numbers(values) => {
            let mut builder = WordsBuilder::default();
            values.iter().for_each(|value| builder.push((!value.is_nan()).then(|| written(*value)).as_deref()));
            Some(builder.finish())
        }
        Column::Moments(_) => None,
    }
}

/// `attributes_colour` is the colour.
fn plain_name(name: &str) -> String {
    name.strip_prefix("attributes_").unwrap_or(name).replace('_', " ")
}

/// Words for dark and for light colours, in the languages that exports come in.
const DARK: &[&str] = &[
    "anthracite",
    "anthrazit",
    "black",
    "bordeaux",
    "burgundy",
    "charcoal",
    "chocolate",
    "dark",
    "dunkel",
    "ebony",
    "espresso",
    "graphite",
    "graphit",
    "jet",
    "midnight",
    "mocha",
    "navy",
    "noir",
    "onyx",
    "schwarz",
    "wenge",
];
const LIGHT: &[&str] = &[
    "beige",
    "blanc",
    "bright",
    "champagne",
    "cream",
    "creme",
    "crème",
    "ecru",
    "hell",
    "ivory",
    "light",
    "linen",
    "natural",
    "off-white",
    "oatmeal",
    "pale",
    "pastel",
    "pearl",
    "sand",
    "snow",
    "vanilla",
    "weiss",
    "weiß",
    "white",
];
/// Words for colours that are neither.
const BETWEEN: &[&str] = &[
    "amber",
    "aqua",
    "blau",
    "bleu",
    "blue",
    "braun",
    "brown",
    "caramel",
    "chestnut",
    "cognac",
    "copper",
    "coral",
    "forest",
    "gelb",
    "gold",
    "grau",
    "green",
    "grey",
    "gray",
    "grün",
    "indigo",
    "khaki",
    "lavender",
    "lila",
    "mint",
    "mustard",
    "oak",
    "ochre",
    "olive",
    "orange",
    "petrol",
    "pink",
    "plum",
    "purple",
    "red",
    "rose",
    "rosa",
    "rot",
    "rouge",
    "rust",
    "sage",
    "salmon",
    "silver",
    "taupe",
    "teal",
    "terracotta",
    "turquoise",
    "vert",
    "violet",
    "walnut",
    "yellow",
];

/// The tone of each word, where at least half of them are colours: 0 dark, 1 light, 2 neither.
fn tones(words: &[&str]) -> Option<Vec<u32>> {
    let tone = |word: &&str| {
        let word = word.to_lowercase();
        let has = |colours: &[&str]| word.split([' ', '-', '/', '_']).any(|part| colours.contains(&part));
        if has(DARK) {
            0
        } else if has(LIGHT) {
            1
        } else if has(BETWEEN) {
            2
        } else {
            NO_WORD
        }
    };
    let tones: Vec<u32> = words.iter().map(tone).collect();
    let colours = tones.iter().filter(|tone| **tone != NO_WORD).count();
    let is_colour = colours as f64 >= COLOURS * words.len() as f64 && tones.contains(&0);
    // Where the attribute is a colour, an unknown word is one that is neither dark nor light.
    is_colour.then(|| tones.into_iter().map(|tone| if tone == NO_WORD { 2 } else { tone }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_have_a_tone_and_other_words_have_none() {
        let colours = ["midnight blue", "Off-White", "sage", "zebra", "dark green"];
        assert_eq!(tones(&colours), Some(vec![0, 1, 2, 2, 0]));
        assert_eq!(tones(&["velvet", "linen", "oak", "steel", "glass"]), None, "materials are no colours");
    }

    #[test]
    fn products_bring_their_attributes_as_choices() {
        let text = |values: &[&str]| Column::Words(values.iter().map(|value| Some(*value)).collect());
        let bought = Frame::new("lines")
            .with("customer_id", text(&["a", "b", "c", "a", "stranger"]))
            .and_then(|frame| frame.with("product_id", text(&["1", "2", "1", "3", "1"])))
            .unwrap();
        let products = Frame::new("products")
            .with("product_id", text(&["1", "2", "3"]))
            .and_then(|frame| frame.with("category", text(&["sofas", "sofas", "chairs"])))
            .and_then(|frame| frame.with("attributes_colour", text(&["black", "white", "red"])))
            .unwrap();
        let mut choices = Choices::default();
        let customers = ["a", "b", "c"].map(str::to_owned);
        add_products(&mut choices, &bought, &products, &customers).unwrap();
        let dark = choices.choices().iter().find(|choice| choice.value == "dark").unwrap();
        assert_eq!(
            (dark.scope.as_str(), dark.dimension.as_str(), dark.customers.as_slice()),
            ("sofas", "tone", &[0, 2][..])
        );
        // Of several purchases of a customer one counts.
        let categories = choices.choices().iter().filter(|choice| choice.dimension == "category");
        let mut counted: Vec<u32> = categories.flat_map(|choice| choice.customers.clone()).collect();
        counted.sort_unstable();
        assert_eq!(counted, [0, 1, 2]);
    }
}
