//! The chain against values worked out by hand, PathData and a plain linear solve.
#![cfg(test)]

use faer::linalg::solvers::Solve;
use faer::{Col, Mat};
use proptest::prelude::*;

use super::chain::{Chain, Flows, Lost};
use super::sparse::Sparse;
use super::*;
use crate::credit::assert_adds_up;
use crate::made_up::{any_paths, code, path_data, paths};

/// Order, conversions and value by channel in alphabetical order: numpy's dense solve for each removal.
const EXACT: [(usize, [f64; 12], [f64; 12]); 3] = [
    (
        1,
        [
            5_344.947_682_085,
            2_527.352_166_520,
            4.613_618_311,
            599.570_650_463,
            3_340.847_401_501,
            171.145_442_694,
            3_884.614_701_875,
            274.363_255_955,
            1_282.847_223_394,
            1.722_424_556,
            1_971.912_879_887,
            381.062_552_758,
        ],
        [
            18_799.170_626_192,
            9_687.809_216_091,
            13.918_384_004,
            2_348.653_825_192,
            12_991.736_666_695,
            719.236_746_346,
            14_978.437_288_396,
            1_136.092_538_147,
            5_142.720_297_013,
            5.444_508_859,
            7_511.048_475_436,
            1_468.703_014_840,
        ],
    ),
    (
        2,
        [
            5_617.453_853_893,
            2_439.648_976_121,
            5.159_056_316,
            614.373_523_500,
            3_391.858_163_429,
            171.918_183_238,
            3_810.511_044_198,
            266.027_053_721,
            1_189.472_021_775,
            2.073_188_639,
            1_902.473_610_065,
            374.031_325_105,
        ],
        [
            19_194.515_704_109,
            9_759.590_908_866,
            14.469_891_929,
            2_395.633_926_074,
            13_007.576_455_487,
            747.036_065_723,
            14_851.058_994_158,
            1_132.757_839_286,
            4_861.827_307_603,
            6.191_592_756,
            7_392.077_193_901,
            1_440.235_707_318,
        ],
    ),
    (
        3,
        [
            5_748.098_649_509,
            2_405.534_040_235,
            5.070_844_184,
            623.432_060_906,
            3_396.070_645_359,
            178.482_808_327,
            3_791.029_166_898,
            264.239_346_274,
            1_150.740_019_708,
            2.126_774_577,
            1_849.812_647_322,
            370.362_996_701,
        ],
        [
            19_409.809_823_808,
            9_749.211_539_488,
            14.240_487_613,
            2_431.868_862_790,
            12_982.208_638_674,
            787.060_921_671,
            14_833.743_300_562,
            1_135.045_029_046,
            4_756.692_687_159,
            6.262_322_325,
            7_275.253_092_313,
            1_421.574_881_762,
        ],
    ),
];

fn fit(all: &Paths, order: usize) -> (Markov, Credit) {
    Markov::fit(all, Settings { order, merge_repeats: false }).unwrap()
}

#[test]
fn removal_effects_by_hand() {
    // From the start a at 2/3 and b at 1/3 of 3 journeys; a leads to b in one of two. P(convert | a) = 1/2 + 1/2 · 1/2,
    // P(convert | b) = 1/2. In all 2/3 · 3/4 + 1/3 · 1/2 = 2/3; without a 1/6; without b 1/3.
    let all = paths(&["a > b;1;30;0", "a;1;6;0", "b;0;0;1"]);
    let (markov, credit) = fit(&all, 1);
    assert!((markov.effects[0] - 0.75).abs() < 1e-15 && (markov.effects[1] - 0.5).abs() < 1e-15, "{markov:?}");
    assert!((credit.conversions[0] - 1.2).abs() < 1e-12 && (credit.conversions[1] - 0.8).abs() < 1e-12);
    // A conversion from a is worth 6, from b 30. In all 2/3 · (1/2 · 6 + 1/2 · 1/2 · 30) + 1/3 · 1/2 · 30 = 12; without a 5;
    // without b 2.
    assert!((markov.value_effects[0] - 7.0 / 12.0).abs() < 1e-15, "{markov:?}");
    assert!((markov.value_effects[1] - 10.0 / 12.0).abs() < 1e-15, "{markov:?}");
    assert_adds_up(&all, &credit);
}

#[test]
fn path_data_has_the_exact_figures() {
    let Some(all) = path_data() else { return };
    for (order, conversions, value) in EXACT {
        let (_, credit) = fit(&all, order);
        assert_adds_up(&all, &credit);
        for (channel, (expected, expected_value)) in conversions.iter().zip(value).enumerate() {
            let (found, found_value) = (credit.conversions[channel], credit.value[channel]);
            let name = &all.channels[channel];
            assert!((found - expected).abs() < 1e-9 * 19_785.0, "order {order}, {name}: {found} for {expected}");
            assert!((found_value - expected_value).abs() < 1e-9 * 74_803.0, "order {order}, {name}: {found_value}");
        }
    }
}

#[test]
fn path_data_has_the_published_figures() {
    let Some(all) = path_data() else { return };
    // Exact removal effects at order 1, as far as they were written down.
    let (_, credit) = fit(&all, 1);
    let published = [
        ("eta", 3_340.847),
        ("iota", 3_884.615),
        ("alpha", 5_344.948),
        ("beta", 2_527.352),
        ("theta", 1_971.913),
        ("lambda", 1_282.847),
        ("kappa", 274.363),
        ("zeta", 381.063),
        ("epsilon", 599.571),
        ("gamma", 171.145),
        ("delta", 4.614),
        ("mi", 1.722),
    ];
    for (channel, expected) in published {
        let found = credit.conversions[code(&all, channel)];
        assert!((found - expected).abs() < 0.000_51, "{channel}: {found}");
    }
    for (channel, expected) in [("eta", 12_991.74), ("iota", 14_978.44), ("alpha", 18_799.17), ("gamma", 719.24)] {
        let found = credit.value[code(&all, channel)];
        assert!((found - expected).abs() < 0.005_1, "{channel}: {found}");
    }
    let (_, second) = fit(&all, 2);
    assert!((second.conversions[code(&all, "alpha")] - 5_617.5).abs() < 0.051);
    assert!((second.conversions[code(&all, "iota")] - 3_810.5).abs() < 0.051);
    let (_, third) = fit(&all, 3);
    assert!((third.conversions[code(&all, "alpha")] - 5_748.1).abs() < 0.051);
}

#[test]
fn repeats_change_nothing_at_order_one() {
    let Some(all) = path_data() else { return };
    let (merged, _) = Markov::fit(&all, Settings { order: 1, merge_repeats: true }).unwrap();
    let (kept, _) = fit(&all, 1);
    assert!(merged.effects.iter().zip(&kept.effects).all(|(x, y)| (x - y).abs() < 1e-12));
    // At order 2 they do (numpy: alpha 5724.7991 with repeats merged).
    let (_, credit) = Markov::fit(&all, Settings { order: 2, merge_repeats: true }).unwrap();
    assert!((credit.conversions[code(&all, "alpha")] - 5_724.799_1).abs() < 1e-3);
}

#[test]
fn a_channel_that_only_leads_on_stands_on_no_path() {
    // c is on no path that converted, but in the chain it leads to a, from where journeys convert.
    let all = paths(&["a;3;9;1", "c > a;0;0;2"]);
    let (_, credit) = fit(&all, 1);
    assert!(credit.conversions[1] > 0.0);
    assert!((credit.unplaced_conversions[1] - credit.conversions[1]).abs() < 1e-12);
    assert_adds_up(&all, &credit);
}

#[test]
fn journeys_without_conversion_or_touch_are_counted() {
    // d never converts and leads nowhere; two conversions have no touch.
    let all = paths(&["a > b;2;4;0", "d;0;0;5", ";2;8;0"]);
    let (markov, credit) = fit(&all, 1);
    assert_eq!((markov.effects[2], credit.conversions[2], credit.value[2]), (0.0, 0.0, 0.0));
    assert!((credit.baseline_conversions - 2.0).abs() < 1e-12 && (credit.baseline_value - 8.0).abs() < 1e-12);
    assert_adds_up(&all, &credit);
}

/// Probability of converting and expected value, without the states that hold a channel: a plain linear solve of the counts.
fn plain(steps: &Steps, flows: &Flows, without: Option<usize>) -> (f64, f64) {
    let states = steps.states();
    let is_out = |state: usize| without.is_some_and(|channel| steps.channels(state).any(|other| other == channel));
    let mut leaving: Vec<f64> = (0..states).map(|state| flows.conversions[state] + flows.nulls[state]).collect();
    for (from, flow) in steps.from.iter().zip(&flows.steps) {
        leaving[*from as usize] += flow;
    }
    let mut matrix = Mat::<f64>::identity(states, states);
    let mut rewards = [Col::<f64>::zeros(states), Col::<f64>::zeros(states)];
    for state in (0..states).filter(|state| leaving[*state] > 0.0 && !is_out(*state)) {
        rewards[0][state] = flows.conversions[state] / leaving[state];
        rewards[1][state] = flows.value[state] / leaving[state];
    }
    for ((from, to), flow) in steps.from.iter().zip(&steps.to).zip(&flows.steps) {
        let (from, to) = (*from as usize, *to as usize);
        if !is_out(from) && !is_out(to) && leaving[from] > 0.0 {
            matrix[(from, to)] -= flow / leaving[from];
        }
    }
    let factor = matrix.partial_piv_lu();
    (factor.solve(&rewards[0])[0], factor.solve(&rewards[1])[0])
}

fn check(lost: &Lost, steps: &Steps, flows: &Flows, channels: usize) -> Result<(), TestCaseError> {
    let all = plain(steps, flows, None);
    prop_assert!((lost.all.0 - all.0).abs() < 1e-9 && (lost.all.1 - all.1).abs() < 1e-9 * all.1.max(1.0));
    for channel in 0..channels {
        let left = plain(steps, flows, Some(channel));
        prop_assert!((lost.conversions[channel] / all.0 - (1.0 - left.0 / all.0)).abs() < 1e-9);
        prop_assert!((lost.value[channel] - (all.1 - left.1)).abs() < 1e-9 * all.1.max(1.0));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn effects_equal_a_plain_solve(all in any_paths(5), order in 1_usize..4, merge in any::<bool>()) {
        let steps = Steps::new(&all, order, merge).unwrap();
        let flows = Flows::all(&all, &steps);
        let chain = Chain::new(&steps, &flows);
        check(&dense::lost(&chain, &steps, 5).unwrap(), &steps, &flows, 5)?;
        check(&sparse::lost(&Sparse::new(&chain, &steps), &steps, 5).unwrap(), &steps, &flows, 5)?;
        let (_, credit) = Markov::fit(&all, Settings { order, merge_repeats: merge }).unwrap();
        assert_adds_up(&all, &credit);
    }
}
