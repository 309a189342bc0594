//! Tests of priors: scipy as oracle, finite differences, and what cannot be read.

use mercer_base::Seed;

use super::*;

/// Text, point, and of scipy 1.x: logpdf there, mean, sd, quantiles at 0.1 and 0.9.
#[rustfmt::skip]
const SCIPY: [(&str, f64, f64, f64, f64, f64, f64); 14] = [
    ("normal(1, 2)", 0.3, -1.6733357137646179, 1.0, 2.0, -1.5631031310892007, 3.5631031310892007),
    ("half-normal(2)", 0.7, -0.9801885332046727, 1.5957691216057308, 1.2056205499781738, 0.2513226937101483, 3.2897072539029444),
    ("log-normal(0.2, 0.9)", 1.7, -1.411684688609282, 1.8312522088857734, 2.0456882169853987, 0.3854297208860547, 3.8705491995058194),
    ("gamma(3, 1)", 2.5, -1.3605657168116352, 3.0, 1.7320508075688772, 1.1020653282493214, 5.322320337834211),
    ("gamma(0.5, 2)", 0.1, 0.7255011938522954, 0.25, 0.3535533905932738, 0.003947693523357805, 0.676385863523851),
    ("beta(1, 3)", 0.35, 0.23704645648320133, 0.25, 0.19364916731037085, 0.034510615394370246, 0.5358411166387221),
    ("uniform(-1, 3)", 0.2, -1.3862943611198906, 1.0, 1.1547005383792515, -0.6, 2.6),
    ("laplace(0.5, 2)", -1.0, -2.136294361119891, 0.5, 2.8284271247461903, -2.7188758248682006, 3.718875824868201),
    ("truncated-normal(0.8, 0.8, 0.1, 10)", 0.9, -0.491914431585885, 1.0689575995716323, 0.6159476357065776, 0.3138762418965664, 1.9191209687099071),
    ("truncated-normal(-1, 0.5, 0, inf)", 0.2, 0.6773929810373044, 0.18660776641142007, 0.16902595985090818, 0.022016751477248242, 0.41863799022822845),
    ("truncated-normal(1, 2, -inf, 0)", -0.4, -0.6811739521709991, -1.2821555407361296, 1.0363019003280431, -2.73678319025327, -0.17947225696754177),
    ("exponential(4)", 0.6, -1.0137056388801093, 0.25, 0.25, 0.026340128914456577, 0.5756462732485115),
    ("half-cauchy(1.5)", 2.0, -1.8786990609296004, f64::INFINITY, f64::INFINITY, 0.23757666048680443, 9.470627272012562),
    ("student-t(5, 1, 2)", -3.0, -3.4251267643210266, 1.0, 2.581988897471611, -1.9517680976489626, 3.951768097648963),
];

fn read(text: &str) -> Prior {
    text.parse().unwrap()
}

#[track_caller]
fn close(what: &str, value: f64, expected: f64, tolerance: f64) {
    let same = value == expected || (value - expected).abs() <= tolerance * expected.abs().max(1.0);
    assert!(same, "{what}: {value}, expected {expected}");
}

#[test]
fn agrees_with_scipy() {
    for (text, at, ln_density, mean, sd, low, high) in SCIPY {
        let prior = read(text);
        // statrs has the normal distribution function, which cut-off densities need, to some eleven digits.
        close(text, prior.ln_density(at), ln_density, 1e-10);
        close(text, prior.mean(), mean, 1e-9);
        close(text, prior.sd(), sd, 1e-9);
        // Quantiles of gamma, beta and t are found by bisection, to some seven digits.
        close(text, prior.quantile(0.1), low, 1e-6);
        close(text, prior.quantile(0.9), high, 1e-6);
        assert!(prior.quantile(-0.1).is_nan());
    }
}

#[test]
fn values_and_densities_have_the_stated_slopes() {
    // Central differences with a step of 1e-5: the error is some 1e-10 of the third derivative.
    const STEP: f64 = 1e-5;
    for (text, ..) in SCIPY {
        let prior = read(text);
        for q in [-3.0, -0.7, 0.4, 2.5] {
            let (below, at, above) = (prior.at(q - STEP), prior.at(q), prior.at(q + STEP));
            close(text, at.slope, (above.value - below.value) / (2.0 * STEP), 1e-8);
            close(text, at.gradient, (above.ln_density - below.ln_density) / (2.0 * STEP), 1e-7);
            close(text, prior.unbounded(at.value), q, 1e-9);
        }
    }
}

#[test]
fn densities_on_the_unbounded_scale_add_up_to_one() {
    for (text, ..) in SCIPY {
        let prior = read(text);
        // The trapezoid rule is exact to rounding for smooth densities; heavy tails lose what lies beyond 40.
        let sum: f64 = (-40_000..=40_000)
            .map(|step| (prior.at(f64::from(step) * 1e-3).ln_density + prior.ln_constant()).exp() * 1e-3)
            .sum();
        close(text, sum, 1.0, if text.starts_with("student") { 1e-4 } else { 1e-6 });
    }
}

#[test]
fn extremes_stay_finite() {
    for (text, ..) in SCIPY {
        let prior = read(text);
        for q in [-600.0, -50.0, 50.0, 300.0] {
            let term = prior.at(q);
            assert!(!term.value.is_nan() && !term.ln_density.is_nan() && !term.gradient.is_nan(), "{text} at {q}");
        }
    }
    // Between two bounds the log density falls by one a unit far out, whatever rounding does to the share itself.
    close("beta", read("beta(1, 3)").at(100.0).gradient, -3.0, 1e-12);
}

#[test]
fn draws_have_the_moments_and_repeat() {
    for text in ["gamma(3, 1)", "beta(1, 3)", "truncated-normal(0.8, 0.8, 0.1, 10)", "laplace(0.5, 2)"] {
        let prior = read(text);
        let draws = prior.draws(4_000, Seed(7));
        assert_eq!(draws, prior.draws(4_000, Seed(7)));
        let mean = draws.iter().sum::<f64>() / 4_000.0;
        // Five standard errors.
        assert!((mean - prior.mean()).abs() < 5.0 * prior.sd() / 4_000.0_f64.sqrt(), "{text}: {mean}");
    }
}

#[test]
fn what_is_written_reads_back() {
    for (text, ..) in SCIPY {
        assert_eq!(read(text).to_string(), text);
    }
    assert_eq!(read(" Half_Normal ( 2 ) "), Prior::HalfNormal { sd: 2.0 });
    assert_eq!(read("fixed(-1)"), Prior::Fixed { value: -1.0 });
}

#[test]
fn what_cannot_be_read_says_why() {
    for (text, message, hint) in [
        ("gamma", "has no numbers in brackets", "gamma(3, 1)"),
        ("gama(3, 1)", "is of no known kind", "did you mean gamma?"),
        ("poisson(3)", "is of no known kind", "there are normal, half-normal"),
        ("gamma(3)", "has 1 numbers where 2 belong", "gamma(shape, rate)"),
        ("gamma(3, x)", "has \"x\", which is no number", "gamma(shape, rate)"),
        ("gamma(3, -1)", "has -1 as its rate, which must be above 0", "gamma(shape, rate)"),
        ("normal(inf, 1)", "has an infinite mean", "normal(mean, sd)"),
        ("uniform(2, 2)", "has nothing between its bounds", "uniform(low, high)"),
        ("truncated-normal(0, 1, 90, 91)", "has its bounds too far from its mean", "uniform"),
    ] {
        let error = text.parse::<Prior>().unwrap_err();
        assert!(error.message().ends_with(message), "{error}");
        assert!(error.hint().unwrap().contains(hint), "{error:?}");
    }
}

#[test]
fn a_fixed_value_is_no_unknown() {
    let fixed = read("fixed(2)");
    assert_eq!(fixed.at(7.0), Term { value: 2.0, slope: 0.0, ln_density: 0.0, gradient: 0.0 });
    assert_eq!((fixed.ln_density(2.0), fixed.ln_density(1.0)), (0.0, f64::NEG_INFINITY));
}
