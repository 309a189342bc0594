//! What plans must be: the best there is, by formula or by trying everything.

use proptest::prelude::*;

use super::made_up::{Response, Responses, Shape, budget, response};
use super::objective::{mean_of_worst, totals};
use super::table::Table;
use super::{Aim, Bound, BreakEven, Curves, Plan, Problem, Status, block::Block, optimise, response_curve};

fn spends(plan: &Plan) -> Vec<f64> {
    plan.units.iter().map(|unit| unit.spend).collect()
}

/// The largest objective over all divisions of a budget among three units in steps of one in `steps`.
fn brute_force(curves: &Responses, money: f64, risk: f64, steps: u32) -> f64 {
    let at = |part: u32| money * f64::from(part) / f64::from(steps);
    // Every unit's return at every step, under every draw.
    let table: Vec<Vec<Vec<f64>>> = (0..3)
        .map(|unit| {
            let each = |part: u32| (0..curves.draws()).map(|draw| curves.value_slope(draw, unit, at(part)).0).collect();
            (0..=steps).map(each).collect()
        })
        .collect();
    let mut best = f64::NEG_INFINITY;
    for first in 0..=steps {
        for second in 0..=steps - first {
            let parts =
                [&table[0][first as usize], &table[1][second as usize], &table[2][(steps - first - second) as usize]];
            let totals: Vec<f64> = (0..curves.draws()).map(|draw| parts.iter().map(|part| part[draw]).sum()).collect();
            best = best.max(mean_of_worst(&totals, risk));
        }
    }
    best
}

#[track_caller]
fn assert_best(plan: &Plan, residual: f64, gap: f64) {
    let certificate = plan.certificate;
    assert_eq!(plan.status, Status::Best, "{certificate:?}");
    assert!(certificate.residual <= residual && certificate.gap <= gap, "{certificate:?}");
}

#[test]
fn roots_are_divided_by_the_square_of_their_gains() {
    // a √x + b √y has its maximum at x : y = a² : b².
    let curves = Responses::sure(&[response(3.0, 1.0, Shape::Root(0.5)), response(1.0, 1.0, Shape::Root(0.5))]);
    let plan = optimise(&curves, &budget(2, 50.0)).unwrap();
    assert_best(&plan, 1e-9, 1e-9);
    let found = spends(&plan);
    assert!((found[0] / 45.0 - 1.0).abs() < 1e-9 && (found[1] / 5.0 - 1.0).abs() < 1e-9, "{found:?}");
    assert!((plan.certificate.multiplier - 1.5 / 45.0_f64.sqrt()).abs() < 1e-10);
    assert!((plan.returns.mean - (3.0 * 45.0_f64.sqrt() + 5.0_f64.sqrt())).abs() < 1e-9);
    assert!(plan.gain.mean > 0.0 && plan.better == 1.0);
    assert!((plan.gain.mean - (plan.returns.mean - plan.present_returns.mean)).abs() < 1e-12);
}

#[test]
fn logarithms_are_filled_like_water() {
    // g ln(1 + x/s): spends are g/λ − s, or nothing. With all three in, λ = Σg / (B + Σs).
    let curves = Responses::sure(&[
        response(10.0, 4.0, Shape::Log),
        response(20.0, 5.0, Shape::Log),
        response(0.1, 100.0, Shape::Log),
    ]);
    let plan = optimise(&curves, &budget(3, 21.0)).unwrap();
    assert_best(&plan, 1e-9, 1e-9);
    for (found, expected) in spends(&plan).iter().zip([6.0, 15.0, 0.0]) {
        assert!((found - expected).abs() < 1e-8, "{:?}", spends(&plan));
    }
    assert_eq!(plan.units[2].bound, Bound::Lower);
    assert!((plan.certificate.multiplier - 1.0).abs() < 1e-9);
}

#[test]
fn straight_lines_fill_the_steepest_to_its_bound() {
    let curves = Responses::sure(&[
        response(1.0, 1.0, Shape::Linear),
        response(3.0, 1.0, Shape::Linear),
        response(2.0, 1.0, Shape::Linear),
    ]);
    let mut problem = budget(3, 10.0);
    problem.bounds = vec![(1.0, 5.0), (0.0, 4.0), (0.0, 50.0)];
    let plan = optimise(&curves, &problem).unwrap();
    assert_best(&plan, 1e-9, 1e-9);
    for (found, expected) in spends(&plan).iter().zip([1.0, 4.0, 5.0]) {
        assert!((found - expected).abs() < 1e-9, "{:?}", spends(&plan));
    }
    let bounds: Vec<Bound> = plan.units.iter().map(|unit| unit.bound).collect();
    assert_eq!(bounds, [Bound::Lower, Bound::Upper, Bound::Free]);
}

#[test]
fn three_concave_channels_are_at_the_optimum_of_all_tries() {
    let shapes = [
        response(900.0, 40.0, Shape::Logistic),
        response(500.0, 15.0, Shape::Tanh),
        response(1_200.0, 90.0, Shape::MichaelisMenten),
    ];
    let curves = Responses::around(&shapes, 50, 0.4);
    let plan = optimise(&curves, &budget(3, 120.0)).unwrap();
    assert_best(&plan, 1e-9, 1e-9);
    let brute = brute_force(&curves, 120.0, 1.0, 240);
    assert!(plan.returns.mean >= brute && plan.returns.mean <= brute * (1.0 + 1e-3), "{} {brute}", plan.returns.mean);
    assert!(plan.returns.low < plan.returns.mean && plan.returns.mean < plan.returns.high);
}

#[test]
fn three_s_curves_are_at_the_optimum_of_all_tries() {
    for (money, spread) in [(20.0, 0.0), (60.0, 0.3), (100.0, 0.1), (150.0, 0.5), (400.0, 0.3)] {
        let shapes = [
            response(900.0, 60.0, Shape::Hill(3.0)),
            response(500.0, 35.0, Shape::Hill(2.2)),
            response(1_200.0, 90.0, Shape::Hill(4.5)),
        ];
        let curves = Responses::around(&shapes, 20, spread);
        let plan = optimise(&curves, &budget(3, money)).unwrap();
        let brute = brute_force(&curves, money, 1.0, 300);
        assert!(plan.returns.mean >= brute * (1.0 - 1e-9), "{money}: {} {brute}", plan.returns.mean);
        assert_best(&plan, 1e-6, 1e-3);
        // The bound must hold: nothing that was tried lies above it.
        assert!(plan.returns.mean * (1.0 + plan.certificate.gap) >= brute * (1.0 - 1e-12));
    }
}

#[test]
fn equal_s_curves_with_little_money_are_not_split_equally() {
    // Each needs about 100 to take off; 120 for three is best spent on one or two.
    let curves = Responses::sure(&[response(1.0, 100.0, Shape::Hill(6.0)); 3]);
    let plan = optimise(&curves, &budget(3, 120.0)).unwrap();
    assert_best(&plan, 1e-6, 1e-3);
    let mut found = spends(&plan);
    found.sort_by(f64::total_cmp);
    assert!(found[2] > 119.0 && found[0] < 1.0, "{found:?}");
    assert!(plan.gain.mean > 0.7, "{plan:?}");
}

#[test]
fn a_unit_alone_takes_the_budget_even_where_its_curve_picks_up() {
    let curves = Responses::sure(&[response(1.0, 100.0, Shape::Hill(3.0))]);
    let plan = optimise(&curves, &budget(1, 10.0)).unwrap();
    assert!((plan.spend - 10.0).abs() < 1e-9 && plan.status == Status::Best, "{plan:?}");
    // With a concave one beside it, whose last unit returns more, it gets its least.
    let curves = Responses::sure(&[response(1.0, 100.0, Shape::Hill(3.0)), response(1.0, 30.0, Shape::Log)]);
    let mut problem = budget(2, 30.0);
    problem.bounds[0] = (5.0, 30.0);
    let plan = optimise(&curves, &problem).unwrap();
    assert!((plan.units[0].spend - 5.0).abs() < 1e-9, "{plan:?}");
    assert_best(&plan, 1e-9, 1e-3);
}

#[test]
fn a_target_return_is_met_or_the_channel_left_alone() {
    let curves = Responses::sure(&[
        response(100.0, 10.0, Shape::Log),
        response(1.0, 10.0, Shape::Log),
        response(200.0, 40.0, Shape::Hill(3.0)),
        response(40.0, 40.0, Shape::Hill(3.0)),
    ]);
    let mut problem = budget(4, 1.0);
    (problem.aim, problem.bounds) = (Aim::MarginalReturn(1.5), vec![(0.0, 500.0); 4]);
    let plan = optimise(&curves, &problem).unwrap();
    assert_best(&plan, 1e-9, 1e-3);
    // 100 / (10 + x) = 1.5; the second starts at 0.1; the fourth never returns more than 0.53 on average.
    let found = spends(&plan);
    assert!((found[0] - (100.0 / 1.5 - 10.0)).abs() < 1e-8 && found[1] == 0.0 && found[3] == 0.0, "{found:?}");
    assert!((plan.units[2].marginal_return - 1.5).abs() < 1e-9 && found[2] > 40.0);
    let worth = |spend: f64| curves.value_slope(0, 2, spend).0 - 1.5 * spend;
    let best = (0..50_000).map(|step| worth(f64::from(step) * 0.01)).fold(f64::NEG_INFINITY, f64::max);
    assert!(worth(found[2]) >= best);
}

#[test]
fn ratios_and_bounds_hold() {
    let shapes = [response(100.0, 10.0, Shape::Log), response(50.0, 10.0, Shape::Log), response(70.0, 5.0, Shape::Log)];
    let curves = Responses::around(&shapes, 10, 0.2);
    let mut problem = budget(3, 100.0);
    problem.ratios = vec![vec![(0, 3.0), (1, 1.0)]];
    problem.bounds[2] = (0.0, 20.0);
    let plan = optimise(&curves, &problem).unwrap();
    assert_best(&plan, 1e-9, 1e-9);
    for (found, expected) in spends(&plan).iter().zip([60.0, 20.0, 20.0]) {
        assert!((found - expected).abs() < 1e-8, "{:?}", spends(&plan));
    }
    problem.bounds[2] = (0.0, 100.0);
    let plan = optimise(&curves, &problem).unwrap();
    assert!((plan.units[0].spend / plan.units[1].spend - 3.0).abs() < 1e-12);
    assert_best(&plan, 1e-9, 1e-9);
}

#[test]
fn questions_that_contradict_themselves_are_refused() {
    let curves = Responses::sure(&[response(1.0, 1.0, Shape::Log); 2]);
    let refused = |change: &dyn Fn(&mut Problem)| {
        let mut problem = budget(2, 10.0);
        change(&mut problem);
        optimise(&curves, &problem).unwrap_err()
    };
    assert!(refused(&|problem| problem.bounds = vec![(0.0, 4.0); 2]).hint().is_some());
    assert!(refused(&|problem| problem.bounds = vec![(6.0, 9.0); 2]).message().contains("12"));
    assert!(refused(&|problem| problem.bounds[0] = (3.0, 2.0)).message().contains("unit 0"));
    refused(&|problem| problem.aim = Aim::Budget(f64::NAN));
    refused(&|problem| problem.aim = Aim::MarginalReturn(1.0));
    refused(&|problem| problem.ratios = vec![vec![(0, 1.0), (0, 2.0)]]);
    refused(&|problem| {
        (problem.ratios, problem.bounds) = (vec![vec![(0, 1.0), (1, 1.0)]], vec![(0.0, 1.0), (9.0, 10.0)]);
    });
    refused(&|problem| problem.risk = 0.0);
    refused(&|problem| problem.present = vec![1.0]);
    let broken = Responses::sure(&[response(f64::NAN, 1.0, Shape::Log); 2]);
    assert!(optimise(&broken, &budget(2, 1.0)).unwrap_err().message().contains("not finite"));
}

#[test]
fn flat_curves_leave_money_where_it_is_and_say_so() {
    let curves = Responses::sure(&[response(0.0, 1.0, Shape::Log); 3]);
    let mut problem = budget(3, 12.0);
    problem.present = vec![1.0, 2.0, 3.0];
    let plan = optimise(&curves, &problem).unwrap();
    assert_eq!(plan.status, Status::Flat);
    for (found, expected) in spends(&plan).iter().zip([2.0, 4.0, 6.0]) {
        assert!((found - expected).abs() < 1e-9, "{:?}", spends(&plan));
    }
}

#[test]
fn the_worst_part_is_at_the_optimum_of_all_tries() {
    let shapes = [
        response(900.0, 40.0, Shape::Logistic),
        response(500.0, 15.0, Shape::Tanh),
        response(1_200.0, 90.0, Shape::MichaelisMenten),
    ];
    let curves = Responses::around(&shapes, 60, 0.6);
    for risk in [0.1, 0.4] {
        let problem = Problem { risk, ..budget(3, 120.0) };
        let plan = optimise(&curves, &problem).unwrap();
        let value = mean_of_worst(&totals(&curves, &spends(&plan)), risk);
        let brute = brute_force(&curves, 120.0, risk, 120);
        assert!(value >= brute * (1.0 - 1e-3), "{risk}: {value} {brute}");
        assert!(plan.certificate.gap < 5e-3, "{:?}", plan.certificate);
        assert!(value * (1.0 + plan.certificate.gap) >= brute);
        assert!((plan.spend - 120.0).abs() < 1e-6);
    }
    let target =
        Problem { aim: Aim::MarginalReturn(6.0), bounds: vec![(0.0, 300.0); 3], risk: 0.2, ..budget(3, 120.0) };
    let plan = optimise(&curves, &target).unwrap();
    assert!(plan.certificate.residual < 0.05 && plan.certificate.gap < 5e-3, "{:?}", plan.certificate);
}

#[test]
fn the_worst_part_prefers_what_is_sure() {
    // The first returns 12 or 4 per unit, the second 7 for sure: the mean prefers the first, the worst half the second.
    let of = |first: f64| [response(first, 50.0, Shape::Log), response(7.0, 50.0, Shape::Log)];
    let curves = Responses { units: 2, of: [of(12.0), of(4.0)].concat() };
    let bold = optimise(&curves, &budget(2, 100.0)).unwrap();
    let careful = optimise(&curves, &Problem { risk: 0.5, ..budget(2, 100.0) }).unwrap();
    assert!(bold.units[0].spend > 50.0 && careful.units[0].spend < 50.0, "{:?} {:?}", spends(&bold), spends(&careful));
    // Under the second draw alone: 4/(50 + x) = 7/(150 − x).
    let expected = 250.0 / 11.0;
    assert!((careful.units[0].spend - expected).abs() < 0.1, "{:?}", spends(&careful));
}

#[test]
fn many_units_are_divided_exactly() {
    let shapes: Vec<Response> = (0..300)
        .map(|unit| {
            let shape = if unit % 3 == 0 { Shape::Hill(2.0) } else { Shape::MichaelisMenten };
            response(10.0 + f64::from(unit % 17), 1.0 + 0.1 * f64::from(unit % 23), shape)
        })
        .collect();
    let curves = Responses::around(&shapes, 5, 0.3);
    let plan = optimise(&curves, &budget(300, 500.0)).unwrap();
    assert!((plan.spend - 500.0).abs() < 1e-6);
    assert_best(&plan, 1e-6, 1e-3);
}

#[test]
fn threads_do_not_show() {
    let curves = Responses::around(&[response(9.0, 6.0, Shape::Hill(3.0)), response(5.0, 3.0, Shape::Log)], 40, 0.4);
    let problem = Problem { risk: 0.3, ..budget(2, 20.0) };
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| optimise(&curves, &problem).unwrap())
    };
    assert_eq!(on(1), on(2));
    assert_eq!(on(1), on(8));
}

#[test]
fn a_plan_survives_being_saved() {
    let curves = Responses::around(&[response(9.0, 6.0, Shape::Hill(3.0)), response(5.0, 3.0, Shape::Log)], 7, 0.4);
    let plan = optimise(&curves, &budget(2, 20.0)).unwrap();
    let saved = serde_json::to_string(&plan).unwrap();
    assert_eq!(serde_json::from_str::<Plan>(&saved).unwrap().units.len(), 2);
}

#[test]
fn response_curves_tell_break_even_and_half_saturation() {
    let curves = Responses::sure(&[
        response(100.0, 10.0, Shape::Log),
        response(100.0, 20.0, Shape::MichaelisMenten),
        response(0.5, 1.0, Shape::Linear),
        response(100.0, 30.0, Shape::Hill(3.0)),
    ]);
    let grid: Vec<f64> = (0..=100).map(|step| f64::from(step) * 2.0).collect();
    let of = |unit: usize| response_curve(&curves, unit, &grid, 0.9);
    let at = |curve: &super::ResponseCurve| match curve.break_even {
        BreakEven::At(spend) => spend,
        _ => f64::NAN,
    };
    // 100/(10 + x) = 1; 2000/(20 + x)² = 1.
    assert!((at(&of(0)) - 90.0).abs() < 1e-9 && of(0).half_saturation.is_none());
    assert!((at(&of(1)) - (2_000.0_f64.sqrt() - 20.0)).abs() < 1e-9);
    assert!((of(1).half_saturation.unwrap() - 20.0).abs() < 1e-6);
    assert_eq!(of(2).break_even, BreakEven::Never);
    assert!((of(3).half_saturation.unwrap() - 30.0).abs() < 1e-6 && at(&of(3)) > 30.0);
    assert_eq!(response_curve(&curves, 0, &grid[..20], 0.9).break_even, BreakEven::Beyond);
    let noisy = Responses::around(&[response(100.0, 20.0, Shape::Log)], 200, 0.5);
    let curve = response_curve(&noisy, 0, &grid, 0.9);
    assert!(
        curve
            .points
            .iter()
            .skip(1)
            .all(|point| point.returns.low < point.returns.mean && point.returns.mean < point.returns.high)
    );
    assert_eq!(curve.points[0].returns.high, 0.0);
}

/// A curve that is steepest without end at nothing, and yet not worth a unit that the budget could tell from nothing.
#[test]
fn an_endless_slope_at_nothing_is_no_reason_to_spend() {
    let curves =
        Responses::around(&[response(95.0, 0.5, Shape::Root(0.67)), response(1.0, 31.0, Shape::Hill(0.96))], 5, 0.3);
    let plan = optimise(&curves, &budget(2, 1.0)).unwrap();
    assert_best(&plan, 1e-9, 1e-9);
    assert!(plan.units[1].spend < 1e-12, "{plan:?}");
}

fn any_shape() -> impl Strategy<Value = Shape> {
    prop_oneof![
        Just(Shape::Logistic),
        Just(Shape::Tanh),
        Just(Shape::MichaelisMenten),
        Just(Shape::Log),
        (0.2_f64..0.95).prop_map(Shape::Root),
        (0.4_f64..5.0).prop_map(Shape::Hill),
    ]
}

fn any_responses() -> impl Strategy<Value = Vec<Response>> {
    let one =
        (1.0_f64..100.0, 0.5_f64..50.0, any_shape()).prop_map(|(gain, scale, shape)| response(gain, scale, shape));
    proptest::collection::vec(one, 1..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn no_other_division_returns_more(shapes in any_responses(), money in 1.0_f64..200.0, tries in proptest::collection::vec(
        proptest::collection::vec(0.0_f64..1.0, 5), 50,
    )) {
        let curves = Responses::around(&shapes, 5, 0.3);
        let plan = optimise(&curves, &budget(shapes.len(), money)).unwrap();
        prop_assert!((plan.spend / money - 1.0).abs() < 1e-9);
        prop_assert!(plan.units.iter().all(|unit| unit.spend >= 0.0));
        prop_assert!(plan.certificate.gap < 1e-3, "{:?}", plan.certificate);
        prop_assert!(plan.certificate.residual < 1e-5, "{:?} {:?}", plan.certificate, plan.units);
        for parts in tries {
            // Squares reach the corners, where S-curves have their best divisions.
            let parts: Vec<f64> = parts.iter().take(shapes.len()).map(|part| part.powi(4)).collect();
            let total: f64 = parts.iter().sum();
            let other: Vec<f64> = parts.iter().map(|part| money * part / total).collect();
            let returns = totals(&curves, &other).iter().sum::<f64>() / 5.0;
            prop_assert!(returns <= plan.returns.mean * (1.0 + 1e-4), "{returns} {:?} {other:?}", plan);
        }
    }

    #[test]
    fn envelopes_lie_above_their_curves(shape in any_shape(), scale in 0.5_f64..50.0, top in 1.0_f64..200.0) {
        let curves = Responses::around(&[response(10.0, scale, shape)], 3, 0.3);
        let block = Block { units: vec![(0, 1.0)], low: 0.0, high: top };
        let table = Table::new(&curves, &block, None, 64).unwrap();
        let corners = table.envelope(0, table.last());
        let slope = |a: (f64, f64), b: (f64, f64)| (b.1 - a.1) / (b.0 - a.0);
        let bends = corners.windows(3).all(|c| slope(c[0], c[1]) >= slope(c[1], c[2]) * (1.0 - 1e-9));
        prop_assert!(bends, "{corners:?}");
        for step in 0..500 {
            let spend = top * (f64::from(step) / 500.0).powi(2);
            let pair = corners.windows(2).find(|pair| pair[0].0 <= spend && spend <= pair[1].0).unwrap();
            let above = pair[0].1 + (pair[1].1 - pair[0].1) * (spend - pair[0].0) / (pair[1].0 - pair[0].0);
            let value = block.value_slope(&curves, None, spend).0;
            prop_assert!(above >= value - 1e-9 * value.abs(), "{spend}: {above} {value}");
        }
    }
}
