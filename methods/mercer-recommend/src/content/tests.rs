//! Which products are alike, worked out by hand and by scikit-learn.

use proptest::prelude::*;

use super::*;
use crate::log::Log;

fn titles(titles: &[&'static str]) -> Vec<ProductText<'static>> {
    titles.iter().map(|title| ProductText { title, ..ProductText::default() }).collect()
}

fn words_only() -> TextSettings {
    TextSettings { pairs: 0.0, sizes: 1.0, most_products: 1.0, ..TextSettings::default() }
}

fn close(found: &[f32], expected: &[f32]) {
    assert_eq!(found.len(), expected.len());
    // Single precision: a few parts in ten million.
    assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6), "{found:?} {expected:?}");
}

#[test]
fn cosines_are_those_of_scikit_learn() {
    let products = titles(&["red mug", "red red plate", "blue mug", "blue plate 6", "plate 6 6 blue", "lamp"]);
    let content = Content::fit(&products, &words_only()).unwrap();
    // TfidfVectorizer(token_pattern=r"(?u)\b\w+\b", min_df=2, sublinear_tf=True) of scikit-learn 1.9.1: first row and fifth.
    let of = |a: u32| (0..6).map(|b| content.similarity(a, b)).collect::<Vec<f32>>();
    close(&of(0), &ORACLE[0]);
    close(&of(4), &ORACLE[1]);
    // A profile's score is the cosine with the mean of its vectors.
    let mut scores = [9.0; 6];
    content.score_products(&[(0, 1.0), (3, 2.0)], &mut scores);
    close(&scores, &ORACLE[2]);
}

const ORACLE: [[f32; 6]; 3] = [
    [1.0, 0.632_799_7, 0.540_297_5, 0.0, 0.0, 0.0],
    [0.0, 0.181_845_1, 0.262_883_3, 0.966_547_4, 1.0, 0.0],
    [0.447_213_6, 0.499_360_7, 0.554_413_9, 0.894_427_2, 0.864_506_3, 0.0],
];

#[test]
fn terms_of_one_product_and_of_nearly_all_are_dropped() {
    let settings = TextSettings { most_products: 0.5, ..words_only() };
    let content = Content::fit(&titles(&["the red mug", "the red cup", "the pan", "the pot"]), &settings).unwrap();
    assert_eq!(similar(&content, 0, 9, |_| true), [(1, 1.0)]);
    assert_eq!(similar(&content, 2, 9, |_| true), []);
}

#[test]
fn texts_that_share_nothing_are_refused_with_a_mend() {
    for products in [vec![], titles(&["", ""]), titles(&["mug", "cup"])] {
        let error = Content::fit(&products, &words_only()).unwrap_err();
        assert!(error.hint().is_some_and(|hint| hint.contains("titles")), "{error:?}");
    }
    let settings = TextSettings { pairs: f32::NAN, ..words_only() };
    assert!(Content::fit(&titles(&["mug", "mug"]), &settings).unwrap_err().message().contains("pairs"));
}

#[test]
fn runs_of_letters_find_words_within_words() {
    let products = titles(&["Lederhandtasche", "Handtasche", "Lampe", "Lampenschirm"]);
    let settings = TextSettings { letters: 1.0, ..words_only() };
    let content = Content::fit(&products, &settings).unwrap();
    assert_eq!(similar(&content, 1, 9, |_| true).first().map(|found| found.0), Some(0));
}

#[test]
fn given_vectors_are_compared_by_their_direction() {
    let content = Content::of_vectors(vec![3.0, 4.0, 0.8, -0.6, 6.0, 8.0, 0.0, 0.0], 2).unwrap();
    assert_eq!(content.products(), 4);
    close(&[content.similarity(0, 1), content.similarity(0, 2), content.similarity(0, 3)], &[0.0, 1.0, 0.0]);
    assert_eq!(similar(&content, 0, 2, |_| true).iter().map(|found| found.0).collect::<Vec<_>>(), [2]);
    assert!(Content::of_vectors(vec![1.0; 3], 2).is_err());
    assert!(Content::of_vectors(vec![1.0; 3], 0).is_err());
    let error = Content::of_vectors(vec![1.0, 1.0, 1.0, f32::NAN], 2).unwrap_err();
    assert!(error.message().contains("product 2"), "{error:?}");
}

#[test]
fn shares_add_up_and_name_what_was_bought() {
    let content = Content::of_vectors(vec![1.0, 0.0, 0.6, 0.8, 0.0, 1.0, -1.0, 0.0], 2).unwrap();
    // Cosines with product 1 are .6, .8 and -.6.
    let shares = content.share(&[(0, 1.0), (2, 1.0), (3, 1.0)], 1);
    assert_eq!(shares.iter().map(|share| share.0).collect::<Vec<_>>(), [2, 0]);
    close(&[shares[0].1, shares[1].1], &[0.8 / 1.4, 0.6 / 1.4]);
    assert_eq!(content.share(&[(3, 1.0)], 1), []);
}

#[test]
fn a_customer_is_the_mean_of_what_they_bought() {
    let content = Content::of_vectors(vec![1.0, 0.0, 0.0, 1.0, 1.0, 1.0], 2).unwrap();
    let mut log = Log::new(3);
    log.push_order(1.0, [(0, 5.0), (1, 1.0)]);
    log.push_order(2.0, [(0, 1.0)]);
    log.end_customer();
    log.end_customer();
    let mut scores = [7.0; 3];
    content.score(log.of(0), 3.0, &mut scores);
    close(&scores, &[0.5_f32.sqrt(), 0.5_f32.sqrt(), 1.0]);
    content.score(log.of(1), 3.0, &mut scores);
    assert_eq!(scores, [0.0; 3]);
}

#[test]
fn the_same_at_any_thread_count() {
    let texts: Vec<String> = (0..400).map(|n| format!("word{} red{} mug {}cm", n % 17, n % 5, n % 7)).collect();
    let products: Vec<ProductText<'_>> =
        texts.iter().map(|title| ProductText { title, ..ProductText::default() }).collect();
    let fitted = [1, 2, 8].map(|threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| Content::fit(&products, &TextSettings::default()).unwrap())
    });
    assert_eq!(fitted[0], fitted[1]);
    assert_eq!(fitted[0], fitted[2]);
}

proptest! {
    #[test]
    fn sums_in_lanes_are_the_sum(values in prop::collection::vec((-1.0_f32..1.0, -1.0_f32..1.0), 0..40)) {
        let (a, b): (Vec<f32>, Vec<f32>) = values.iter().copied().unzip();
        let exact: f64 = values.iter().map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
        // 40 roundings of sums below 40.
        prop_assert!((f64::from(dot(&a, &b)) - exact).abs() < 1e-4);
    }

    #[test]
    fn likeness_is_symmetric_within_bounds_and_any_text_is_taken(texts in prop::collection::vec(".{0,30}", 1..12)) {
        let products: Vec<ProductText<'_>> = texts.iter().flat_map(|title| [ProductText { title, ..Default::default() }; 2]).collect();
        let settings = TextSettings { letters: 0.5, most_products: 1.0, ..TextSettings::default() };
        let Ok(content) = Content::fit(&products, &settings) else { return Ok(()) };
        let count = u32::try_from(products.len()).unwrap();
        let mut scores = vec![0.0; products.len()];
        for a in 0..count {
            content.score_products(&[(a, 2.0)], &mut scores);
            for b in 0..count {
                let found = content.similarity(a, b);
                prop_assert!((0.0..=1.0 + 1e-5).contains(&found) && (found - content.similarity(b, a)).abs() < 1e-6);
                prop_assert!((found - scores[b as usize]).abs() < 1e-5);
            }
        }
    }
}

fn similar(content: &Content, product: u32, k: usize, allowed: impl Fn(u32) -> bool) -> Vec<(u32, f32)> {
    content.similar(&mut Board::new(content.products()), product, usize::MAX, k, allowed)
}

#[test]
fn rare_words_find_what_is_alike_and_all_words_say_how_much() {
    let products = titles(&["red mug", "red mug", "red plate", "blue plate", "red lamp"]);
    let content = Content::fit(&products, &words_only()).unwrap();
    let room = &mut Board::new(5);
    // "mug" and "plate" are of two products each, "red" of four: within two looks only the mugs find each other.
    assert_eq!(content.similar(room, 0, 2, 9, |_| true), [(1, 1.0)]);
    let all = content.similar(room, 2, usize::MAX, 9, |_| true);
    let some = content.similar(room, 2, 2, 9, |_| true);
    // "lamp" is of one product and no word, so that product 4 is all "red".
    assert_eq!(all.iter().map(|found| found.0).collect::<Vec<_>>(), [3, 4, 0, 1]);
    assert!(some.len() == 1 && some[0].0 == 3 && (some[0].1 - content.similarity(2, 3)).abs() < 1e-6, "{some:?}");
}
