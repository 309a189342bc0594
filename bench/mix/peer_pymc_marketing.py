"""pymc-marketing's model of the example with its default priors, sampled by nutpie."""

import task


def main():
    found, clock = task.arguments(), task.Clock()
    import arviz
    import numpy as np
    import pandas as pd
    from pymc_marketing.mmm import MMM, GeometricAdstock, LogisticSaturation

    clock.end_of("import")
    weeks = pd.read_csv(found.input / "weeks.csv", parse_dates=["date_week"])
    # Mercer divides controls by their largest value, which its priors are about.
    weeks["t"] /= weeks["t"].max()
    model = MMM(
        date_column="date_week",
        channel_columns=task.CHANNELS,
        control_columns=task.CONTROLS,
        adstock=GeometricAdstock(l_max=task.LAGS),
        saturation=LogisticSaturation(),
        yearly_seasonality=task.WAVES,
    )
    clock.end_of("read")
    model.fit(
        weeks.drop(columns="y"),
        weeks["y"],
        chains=task.CHAINS,
        draws=task.DRAWS,
        tune=task.TUNE,
        random_seed=task.SEED,
        nuts_sampler="nutpie",
        progressbar=False,
    )
    clock.end_of("compile and sample")
    posterior = model.fit_result
    names = ["intercept", "adstock_alpha", "saturation_lam", "saturation_beta", "gamma_control", "y_sigma"]
    table = arviz.summary(posterior, var_names=names, hdi_prob=0.9, round_to="none")
    parameters = {
        name.replace(", ", ","): {
            "mean": row["mean"],
            "sd": row["sd"],
            "hdi_90": [row["hdi_5%"], row["hdi_95%"]],
            "mcse_mean": row["mcse_mean"],
            "ess_bulk": row["ess_bulk"],
            "r_hat": row["r_hat"],
        }
        for name, row in table.iterrows()
    }
    whole = weeks["y"].sum() / weeks["y"].abs().max()
    shares = {}
    for channel in task.CHANNELS:
        draws = posterior["channel_contribution"].sel(channel=channel).sum("date") / whole
        values = np.asarray(draws)
        low, high = arviz.hdi(values.ravel(), hdi_prob=0.9)
        shares[channel] = {
            "mean": float(values.mean()),
            "sd": float(values.std()),
            "hdi_90": [float(low), float(high)],
            "mcse_mean": float(arviz.mcse(draws.to_dataset(name="share"))["share"]),
        }
    task.write(found.summary, parameters, shares)
    clock.end_of("summarise")
    task.finish(clock)


if __name__ == "__main__":
    main()
