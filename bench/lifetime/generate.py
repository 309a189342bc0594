"""Writes the simulated input of the lifetime bench: customers who buy as BG/NBD says and spend as Gamma-Gamma says.

At scale 1: a million customers, one row each, as CSV with customer_id, frequency (repeat purchases), recency (time of
the last one) and T (time observed), both in weeks since the first purchase and observed to two decimals (about an hour
and a half), and monetary (mean spend of a repeat purchase, in cents; 0 where there is none). First purchases are spread
evenly over a year, so that nearly every repeat buyer has a history of their own. The parameters are those of the CDNOW
customers, rounded. The same scale and seed give the same rows.
"""

import argparse
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as csv

CUSTOMERS = 1_000_000
FIRST_PURCHASES_WEEKS, WINDOW_WEEKS = 52.0, 78.0

# BG/NBD: purchase rate ~ Gamma(r, alpha), chance of leaving after a repeat purchase ~ Beta(a, b).
R, ALPHA, A, B = 0.25, 4.5, 0.8, 2.4
# Gamma-Gamma: an amount ~ Gamma(p, rate), its rate ~ Gamma(q, gamma).
P, Q, GAMMA = 6.2, 3.7, 15.5


def histories(rng, observed):
    """Repeat purchases and the time of the last one, by letting every customer buy until they leave or the window ends."""
    rates = rng.gamma(R, 1.0 / ALPHA, len(observed))
    leaves = rng.beta(A, B, len(observed))
    frequency = np.zeros(len(observed), dtype=np.int64)
    recency = np.zeros(len(observed))
    active = np.arange(len(observed))
    now = np.zeros(len(observed))
    while len(active):
        # A rate so small that it underflows to zero means no purchase at all: the waiting time is infinite.
        with np.errstate(divide="ignore"):
            now[active] += rng.standard_exponential(len(active)) / rates[active]
        active = active[now[active] <= observed[active]]
        frequency[active] += 1
        recency[active] = now[active]
        active = active[rng.random(len(active)) >= leaves[active]]
    return frequency, recency


def mean_spend(rng, frequency):
    """The observed mean of each customer's repeat purchases; 0 where there are none."""
    rates = rng.gamma(Q, 1.0 / GAMMA, len(frequency))
    total = rng.gamma(P * np.maximum(frequency, 1), 1.0 / rates)
    return np.where(frequency > 0, np.maximum(np.round(total / np.maximum(frequency, 1), 2), 0.01), 0.0)


def generate(folder, scale, seed):
    """Writes the customers into `folder` and prints how many there are."""
    customers = int(CUSTOMERS * scale)
    rng = np.random.default_rng(seed)
    observed = np.round(WINDOW_WEEKS - rng.uniform(0.0, FIRST_PURCHASES_WEEKS, customers), 2)
    frequency, recency = histories(rng, observed)
    # A repeat purchase within the first minutes still comes after the first one.
    recency = np.where(frequency > 0, np.maximum(np.round(recency, 2), 0.01), 0.0)
    table = pa.table(
        {
            "customer_id": np.arange(1, customers + 1),
            "frequency": frequency,
            "recency": recency,
            "T": observed,
            "monetary": mean_spend(rng, frequency),
        }
    )
    folder.mkdir(parents=True, exist_ok=True)
    csv.write_csv(table, folder / "customers.csv")
    print(f"{customers:,} simulated customers, {(frequency > 0).sum():,} of them repeat buyers")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", type=Path, required=True, help="folder to write customers.csv into")
    parser.add_argument("--scale", type=float, default=1.0, help="1 is a million customers; 0.1 a tenth of that")
    parser.add_argument("--seed", type=int, default=42)
    arguments = parser.parse_args()
    generate(arguments.tables, arguments.scale, arguments.seed)
