"""BG/NBD and Gamma-Gamma in PyMC-Marketing: the maximum of the posterior under flat priors, that is of the likelihood."""

import logging
import os

import task


def main():
    found, clock = task.arguments(), task.Clock()
    # Compiled models are kept beside the scores: the first run of a bench compiles, the others find them there.
    os.environ["PYTENSOR_FLAGS"] = f"base_compiledir={found.scores.parent / 'pytensor'}"
    from pymc_extras.prior import Prior
    from pymc_marketing.clv import BetaGeoModel, GammaGammaModel

    logging.getLogger("pymc").setLevel(logging.ERROR)
    clock.end_of("import")
    customers = task.customers(found.input, found.columns).rename(columns={"monetary": "monetary_value"})
    clock.end_of("read")

    # Its own starting priors would pull a little; flat ones make the posterior's maximum that of the likelihood.
    flat = {name: Prior("HalfFlat") for name in ("r", "alpha", "a", "b")}
    purchases = BetaGeoModel(model_config=flat)
    purchases.fit(customers[["customer_id", "frequency", "recency", "T"]], method="map", progressbar=False)
    amounts = GammaGammaModel()
    repeat = customers.loc[customers["frequency"] > 0, ["customer_id", "frequency", "monetary_value"]]
    amounts.fit(repeat, method="map", progressbar=False)
    clock.end_of("fit")

    p_alive = purchases.expected_probability_alive(customers)
    expected = purchases.expected_purchases(customers, future_t=task.HORIZON_WEEKS)
    clv = amounts.expected_customer_lifetime_value(
        purchases, customers, future_t=task.HORIZON_MONTHS, discount_rate=task.DISCOUNT_A_MONTH, time_unit="W"
    )
    clock.end_of("score")
    estimates = [model.fit_result for model in (purchases, amounts)]
    parameters = {name: value.item() for estimate in estimates for name, value in estimate.data_vars.items()}
    scores = (values.to_numpy().ravel() for values in (p_alive, expected, clv))
    task.finish(found, clock, customers["customer_id"], *scores, parameters)


if __name__ == "__main__":
    main()
