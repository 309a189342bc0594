"""The independent scorer of the lifetime bench: are all systems at the maximum, and are their scores right?

Reads the input, and for every system its scores (Parquet: customer_id, p_alive, expected_purchases, clv; more columns
are welcome) and its parameters (in the JSON that it printed, beside the scores as `.stdout`). Judges:

- Maximum: the log-likelihoods of BG/NBD and Gamma-Gamma at each system's parameters, computed here. Those of mercer are
  at least the highest of all, but for LIKELIHOOD_TOLERANCE.
- Parameters: each system's are within PARAMETER_TOLERANCE of those with the highest likelihood.
- Scores: every customer's, against the scorer's own under the parameters with the highest likelihood. The scorer takes
  expected purchases as an integral over the chance of leaving, not by the hypergeometric function that peers use.

What holds for mercer is demanded (exit 1); where a peer falls short, the verdict says so.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from scipy.special import betaln, gammaln, roots_jacobi

import task

# Two optimisers may stop on either side of a flat top; a thousandth of a log-likelihood unit is beyond any use.
LIKELIHOOD_TOLERANCE = 1e-3
# Relative: under half of the least standard error on a million customers, that of r.
PARAMETER_TOLERANCE = 1e-3
# Relative, each customer. The parameters' own differences are left in p_alive and expected_purchases; in clv also the
# peers' calendar: nine months of 4.345 weeks, discounted at their ends, for 39 weeks discounted as they pass.
SCORE_TOLERANCES = {"p_alive": 1e-3, "expected_purchases": 1e-3, "clv": 5e-3}
# A score below these is compared as if it were this large, so that next to nothing may differ by next to nothing.
SCORE_FLOORS = {"p_alive": 1e-3, "expected_purchases": 1e-3, "clv": 1e-2}
PURCHASE_PARAMETERS, SPEND_PARAMETERS = ("r", "alpha", "a", "b"), ("p", "q", "v")
WEEKS_A_YEAR = 365.25 / 7.0
NODES_OF_LEAVING, NODES_OF_TIME = 48, 8
OURS = "mercer"


def purchase_log_likelihood(customers, r, alpha, a, b):
    """The log-likelihood of BG/NBD (Fader, Hardie & Lee 2005), summed over customers."""
    x, recency, age = (customers[name].to_numpy(float) for name in ("frequency", "recency", "T"))
    both = betaln(a, b + x) - betaln(a, b) + gammaln(r + x) - gammaln(r) + r * np.log(alpha)
    stayed = -(r + x) * np.log(alpha + age)
    left = np.where(x > 0, np.log(a) - np.log(b + np.maximum(x, 1) - 1) - (r + x) * np.log(alpha + recency), -np.inf)
    return float(np.sum(both + np.logaddexp(stayed, left)))


def spend_log_likelihood(customers, p, q, v):
    """The log-likelihood of Gamma-Gamma (Fader & Hardie 2013), summed over repeat buyers."""
    repeat = customers[customers["frequency"] > 0]
    x, spend = repeat["frequency"].to_numpy(float), repeat["monetary"].to_numpy(float)
    terms = gammaln(p * x + q) - gammaln(p * x) - gammaln(q) + q * np.log(v)
    terms += (p * x - 1) * np.log(spend) + p * x * np.log(x) - (p * x + q) * np.log(v + x * spend)
    return float(np.sum(terms))


def purchases_while_a_customer(customers, ahead, r, alpha, a, b):
    """Expected purchases in each of `ahead` weeks (columns) of customers who are customers at the end of the observation.

    Given the chance of leaving p, those of a customer are (1 - ((alpha + T) / (alpha + T + p ahead))^(r + x)) / p; p is
    Beta(a, b + x). Gauss-Jacobi quadrature has just that weight, one rule for all customers with as many purchases.
    """
    x, age = customers["frequency"].to_numpy(), customers["T"].to_numpy(float)
    expected = np.empty((len(x), len(ahead)))
    order = np.argsort(x, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(x[order])) + 1):
        repeat = float(x[rows[0]])
        nodes, weights = roots_jacobi(NODES_OF_LEAVING, b + repeat - 1.0, a - 1.0)
        leaving, weights = (1.0 + nodes) / 2.0, weights / weights.sum()
        for column, weeks in enumerate(ahead):
            total = np.zeros(len(rows))
            for chance, weight in zip(leaving, weights, strict=True):
                total += weight / chance * -np.expm1(-(r + repeat) * np.log1p(chance * weeks / (alpha + age[rows])))
            expected[rows, column] = total
    return expected


def scores(customers, parameters):
    """The scorer's own scores under `parameters`."""
    r, alpha, a, b, p, q, v = (parameters[name] for name in PURCHASE_PARAMETERS + SPEND_PARAMETERS)
    x, recency, age, spend = (customers[name].to_numpy(float) for name in ("frequency", "recency", "T", "monetary"))
    odds = np.exp(np.log(a) - np.log(b + np.maximum(x, 1) - 1) + (r + x) * np.log((alpha + age) / (alpha + recency)))
    p_alive = np.where(x > 0, 1.0 / (1.0 + odds), 1.0)
    # Purchases up to the horizon discounted as they come: by parts, what is expected at the horizon and before it.
    horizon, rate = task.HORIZON_WEEKS, np.log1p(task.DISCOUNT_A_YEAR) / WEEKS_A_YEAR
    nodes, weights = np.polynomial.legendre.leggauss(NODES_OF_TIME)
    weeks, weights = horizon * (1.0 + nodes) / 2.0, horizon * weights / 2.0
    expected = p_alive[:, None] * purchases_while_a_customer(customers, [*weeks, horizon], r, alpha, a, b)
    discounted = expected[:, -1] * np.exp(-rate * horizon) + expected[:, :-1] @ (rate * np.exp(-rate * weeks) * weights)
    mean_spend = p * (v + x * spend) / (p * x + q - 1.0)
    return {"p_alive": p_alive, "expected_purchases": expected[:, -1], "clv": mean_spend * discounted}


def named_numbers(document, names):
    """The first object in a JSON document that gives a number under each of `names`; v may be written gamma."""
    if isinstance(document, dict):
        spelled = {"v" if key == "gamma" and "v" not in document else key: value for key, value in document.items()}
        if all(isinstance(spelled.get(name), (int, float)) for name in names):
            return {name: float(spelled[name]) for name in names}
        # Standard errors and intervals carry the same names.
        inner = [value for key, value in document.items() if "error" not in key and "interval" not in key]
    else:
        inner = document if isinstance(document, list) else []
    found = (named_numbers(value, names) for value in inner)
    return next((numbers for numbers in found if numbers is not None), None)


def read_parameters(path, printed):
    """A system's parameters by name."""
    models = [named_numbers(printed, names) for names in (PURCHASE_PARAMETERS, SPEND_PARAMETERS)]
    if None in models:
        sys.exit(f"{path.stem}: its JSON lacks the parameters {PURCHASE_PARAMETERS} or {SPEND_PARAMETERS}")
    return models[0] | models[1]


def read_system(path, customers):
    """A system's parameters, seconds inside its process (empty where it gives none) and scores by customer."""
    printed = json.loads(path.with_suffix(".stdout").read_text())
    found = pq.read_table(path, columns=["customer_id", *SCORE_TOLERANCES]).to_pandas()
    # Ids may be read as numbers or as words.
    found = found.set_index(found["customer_id"].astype(str))
    ids = customers["customer_id"].astype(str)
    if not found.index.is_unique or len(found) != len(ids) or not found.index.isin(ids).all():
        sys.exit(f"{path.stem}: does not score each of the {len(ids):,} customers once")
    found = found.loc[ids]
    values = {name: found[name].to_numpy(float) for name in SCORE_TOLERANCES}
    return read_parameters(path, printed), printed.get("seconds", {}), values


def parameters_apart(found, best):
    """What is wrong with a system's parameters, in words."""
    apart = {name: abs(found[name] / best[name] - 1.0) for name in best}
    return [f"{name} is {found[name]:.6g}, best {best[name]:.6g}" for name in apart if not apart[name] <= PARAMETER_TOLERANCE]


def scores_apart(found, own, ids):
    """What is wrong with a system's scores, in words."""
    problems = []
    for name, tolerance in SCORE_TOLERANCES.items():
        apart = np.abs(found[name] - own[name]) / np.maximum(np.abs(own[name]), SCORE_FLOORS[name])
        wrong = np.flatnonzero(~(apart <= tolerance))
        if len(wrong):
            worst = wrong[np.argmax(np.where(np.isnan(apart[wrong]), np.inf, apart[wrong]))]
            problems.append(
                f"{name} of {len(wrong):,} customers is off by more than {tolerance:g} "
                f"(customer {ids.iloc[worst]}: {found[name][worst]:.6g} for {own[name][worst]:.6g})"
            )
    return problems


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--input", type=Path, required=True)
    parser.add_argument("--columns", required=True, help="ours=theirs, separated by commas")
    parser.add_argument("outputs", type=Path, nargs="+", help="Parquet files of scores")
    arguments = parser.parse_args()
    customers = task.customers(arguments.input, arguments.columns)
    systems = {path.stem: read_system(path, customers) for path in arguments.outputs}

    likelihoods = {}
    for name, (parameters, _, _) in systems.items():
        purchase = purchase_log_likelihood(customers, *(parameters[key] for key in PURCHASE_PARAMETERS))
        spend = spend_log_likelihood(customers, *(parameters[key] for key in SPEND_PARAMETERS))
        likelihoods[name] = (purchase, spend)
    best = [max(likelihoods, key=lambda name: likelihoods[name][model]) for model in (0, 1)]
    highest = [likelihoods[best[model]][model] for model in (0, 1)]
    truth = {key: systems[best[0]][0][key] for key in PURCHASE_PARAMETERS}
    truth |= {key: systems[best[1]][0][key] for key in SPEND_PARAMETERS}
    own = scores(customers, truth)

    findings, failed = [], False
    for name, (parameters, _, found) in systems.items():
        problems = []
        for model, label in enumerate(("BG/NBD", "Gamma-Gamma")):
            below = highest[model] - likelihoods[name][model]
            if not below <= LIKELIHOOD_TOLERANCE:
                problems.append(f"log-likelihood of {label} {below:.3g} below the highest")
        problems += parameters_apart(parameters, truth) + scores_apart(found, own, customers["customer_id"])
        failed |= name == OURS and bool(problems)
        findings += [f"{name}: {problem}" for problem in problems]
    if failed:
        sys.exit("\n".join(findings))

    each = ", ".join(f"{name} {purchase:.3f} and {spend:.3f}" for name, (purchase, spend) in likelihoods.items())
    agreed = "agree with the scorer on" if not findings else f"do not all agree ({'; '.join(findings)}) on"
    inside = "; ".join(
        f"{name} {', '.join(f'{part} {seconds:.2f}' for part, seconds in parts.items())}"
        for name, (_, parts, _) in systems.items()
        if parts
    )
    print(
        f"{' and '.join(systems)} {agreed} {len(customers):,} customers' scores and 7 parameters; "
        f"log-likelihoods of BG/NBD and Gamma-Gamma: {each}" + (f". Seconds inside the last run's process: {inside}" if inside else "")
    )


if __name__ == "__main__":
    main()
