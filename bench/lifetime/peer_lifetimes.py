"""BG/NBD and Gamma-Gamma in lifetimes: maximum likelihood, then the scores of its own methods."""

import task


def main():
    found, clock = task.arguments(), task.Clock()
    from lifetimes import BetaGeoFitter, GammaGammaFitter

    clock.end_of("import")
    customers = task.customers(found.input, found.columns)
    frequency, recency, age, spend = (customers[name] for name in ("frequency", "recency", "T", "monetary"))
    clock.end_of("read")

    purchases = BetaGeoFitter().fit(frequency, recency, age)
    repeat = frequency > 0
    amounts = GammaGammaFitter().fit(frequency[repeat], spend[repeat])
    clock.end_of("fit")

    p_alive = purchases.conditional_probability_alive(frequency, recency, age)
    expected = purchases.predict(task.HORIZON_WEEKS, frequency, recency, age)
    clv = amounts.customer_lifetime_value(
        purchases, frequency, recency, age, spend,
        time=task.HORIZON_MONTHS, discount_rate=task.DISCOUNT_A_MONTH, freq="W",
    )  # fmt: skip
    clock.end_of("score")
    parameters = {**purchases.params_, **amounts.params_}
    task.finish(found, clock, customers["customer_id"], p_alive, expected, clv, parameters)


if __name__ == "__main__":
    main()
