//! Made-up chains, with what ArviZ 0.23.4 says of them.

/// Chains of an autoregression of order 1 with logistic shocks.
pub(super) struct Set {
    pub(super) name: &'static str,
    chains: usize,
    draws: usize,
    /// Correlation of a draw with the next.
    memory: f64,
    /// By how much each chain lies above the one before.
    shift: f64,
    /// Whether draws are rounded to whole numbers, so that many are equal.
    whole: bool,
    pub(super) r_hat: f64,
    pub(super) ess_bulk: f64,
    pub(super) ess_tail: f64,
    pub(super) ess_mean: f64,
    pub(super) ess_sd: f64,
    pub(super) ess_quantile_30: f64,
    pub(super) mcse_mean: f64,
    pub(super) mcse_sd: f64,
    pub(super) mcse_quantile_30: f64,
    pub(super) mcse_quantile_975: f64,
    pub(super) e_bfmi: f64,
    pub(super) hdi_90: [f64; 2],
    values: std::sync::OnceLock<Vec<f64>>,
}

impl Set {
    /// The draws, chain by chain.
    pub(super) fn slices(&self) -> Vec<&[f64]> {
        let values = self.values.get_or_init(|| {
            let mut values = Vec::new();
            for chain in 0..self.chains {
                let mut at = 0.0;
                for shock in logistic_draws(self.draws, chain as u64 + 1) {
                    at = self.memory * at + shock;
                    let value = at + self.shift * chain as f64;
                    values.push(if self.whole { value.round_ties_even() } else { value });
                }
            }
            values
        });
        values.chunks_exact(self.draws).collect()
    }
}

/// Draws of the logistic distribution from Knuth's congruential generator, which numpy can make as well.
pub(super) fn logistic_draws(count: usize, mut state: u64) -> Vec<f64> {
    let mut draw = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let unit = ((state >> 11) as f64 + 0.5) / (1_u64 << 53) as f64;
        (unit / (1.0 - unit)).ln()
    };
    (0..count).map(|_| draw()).collect()
}

/// Both are no number, or they differ by less than a millionth of the expected value (or of 1 where that is smaller): ArviZ sums by
/// Fourier transforms, and its normal and beta quantiles are other approximations.
#[track_caller]
pub(super) fn close(what: &str, value: f64, expected: f64) {
    let near = (value - expected).abs() <= 1e-6 * expected.abs().max(1.0);
    assert!(near || (value.is_nan() && expected.is_nan()), "{what}: {value}, expected {expected}");
}

#[allow(clippy::excessive_precision, reason = "figures stand as the oracle printed them")]
pub(super) static SETS: [Set; 6] = [
    Set {
        name: "slow",
        chains: 4,
        draws: 250,
        memory: 0.9,
        shift: 0.0,
        whole: false,
        r_hat: 1.083938321352168,
        ess_bulk: 34.54353405685311,
        ess_tail: 154.6556278328591,
        ess_mean: 33.23607980059221,
        ess_sd: 157.63447128686968,
        ess_quantile_30: 63.26666731931636,
        mcse_mean: 0.7377767662320884,
        mcse_sd: 0.2411986256221661,
        mcse_quantile_30: 0.6979962828499358,
        mcse_quantile_975: 0.7050400335439386,
        e_bfmi: 0.26883443100218846,
        hdi_90: [-6.3855955674847795, 7.527417135600526],
        values: std::sync::OnceLock::new(),
    },
    Set {
        name: "shifted",
        chains: 4,
        draws: 250,
        memory: 0.3,
        shift: 0.4,
        whole: false,
        r_hat: 1.0327884074714713,
        ess_bulk: 325.31228897409824,
        ess_tail: 766.5932040440696,
        ess_mean: 329.53088388829127,
        ess_sd: 679.353915867336,
        ess_quantile_30: 434.11329552960655,
        mcse_mean: 0.10651410495292357,
        mcse_sd: 0.0571294972327415,
        mcse_quantile_30: 0.1064948640182983,
        mcse_quantile_975: 0.24158289009337652,
        e_bfmi: 1.5446942880951742,
        hdi_90: [-2.4770741084643295, 3.9649895648110363],
        values: std::sync::OnceLock::new(),
    },
    Set {
        name: "alternating",
        chains: 2,
        draws: 101,
        memory: -0.7,
        shift: 0.0,
        whole: false,
        r_hat: 0.9929106785488905,
        ess_bulk: 460.2059991327962,
        ess_tail: 214.6806731999154,
        ess_mean: 460.2059991327962,
        ess_sd: 114.4894953630387,
        ess_quantile_30: 278.17078696943753,
        mcse_mean: 0.11546837486160347,
        mcse_sd: 0.18361937898058256,
        mcse_quantile_30: 0.11017458995288099,
        mcse_quantile_975: 0.310662461981726,
        e_bfmi: 3.2984660066918945,
        hdi_90: [-3.477759795938603, 4.701785602543992],
        values: std::sync::OnceLock::new(),
    },
    Set {
        name: "one chain",
        chains: 1,
        draws: 100,
        memory: 0.5,
        shift: 0.0,
        whole: false,
        r_hat: f64::NAN,
        ess_bulk: 42.766251918863695,
        ess_tail: 78.33932980978764,
        ess_mean: 41.71741410464114,
        ess_sd: 74.91657886985153,
        ess_quantile_30: 45.18779342723002,
        mcse_mean: 0.3154951666362941,
        mcse_sd: 0.17222115325141665,
        mcse_quantile_30: 0.3538591345225892,
        mcse_quantile_975: 0.7071137729988521,
        e_bfmi: 1.0625412007888786,
        hdi_90: [-3.412062152710001, 3.187466099971347],
        values: std::sync::OnceLock::new(),
    },
    Set {
        name: "a few draws",
        chains: 2,
        draws: 5,
        memory: 0.5,
        shift: 0.0,
        whole: false,
        r_hat: 1.1198252208091068,
        ess_bulk: 7.224719895935548,
        ess_tail: 7.224719895935548,
        ess_mean: 7.224719895935548,
        ess_sd: 7.224719895935548,
        ess_quantile_30: 7.224719895935548,
        mcse_mean: 0.46415895637182875,
        mcse_sd: 0.2527305063452334,
        mcse_quantile_30: 0.7978025517053087,
        mcse_quantile_975: 0.9023393908717903,
        e_bfmi: 1.8104471249264538,
        hdi_90: [-1.042355766448053, 3.002908367131183],
        values: std::sync::OnceLock::new(),
    },
    Set {
        name: "ties",
        chains: 4,
        draws: 250,
        memory: 0.5,
        shift: 0.0,
        whole: true,
        r_hat: 1.0103889008257072,
        ess_bulk: 290.8417953833989,
        ess_tail: 542.0364708054941,
        ess_mean: 291.26005214945957,
        ess_sd: 564.7576160722697,
        ess_quantile_30: 392.256915662467,
        mcse_mean: 0.12418920990352511,
        mcse_sd: 0.06897502307822068,
        mcse_quantile_30: 0.0,
        mcse_quantile_975: 0.0,
        e_bfmi: 1.1573678270980097,
        hdi_90: [-4.0, 3.0],
        values: std::sync::OnceLock::new(),
    },
];
