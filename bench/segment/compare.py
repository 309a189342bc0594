"""The independent scorer of the segment bench: are the segments as good as they can be?

Reads the input and every system's segments (Parquet: customer_id and segment, or segment_id; more columns are welcome).
Judges, at the scorer's own scale (mean 0, standard deviation 1):

- Numbers only: the inertia, the sum of squared distances from the means of the segments. Mercer's is at most the least of
  all, but for COST_TOLERANCE.
- With categories: systems weigh a category against a number by rules of their own, so that no single cost is everybody's.
  Their agreement with the planted groups is compared (adjusted Rand index): mercer's is at least the highest, but for
  AGREEMENT_TOLERANCE. The cost at the peers' weight is told.
- In both: every customer has a segment, and there are k.

What holds for mercer is demanded (exit 1); where a peer falls short, the verdict says so.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

import task

# Relative: far less than any other local optimum of separate groups is away.
COST_TOLERANCE = 1e-6
AGREEMENT_TOLERANCE = 0.005
OURS = "mercer"


def adjusted_rand(a, b):
    """The adjusted Rand index of two groupings by codes (Hubert & Arabie 1985)."""
    table = np.zeros((a.max() + 1, b.max() + 1))
    np.add.at(table, (a, b), 1.0)

    def pairs(counts):
        return float(np.sum(counts * (counts - 1.0) / 2.0))

    rows, columns, every = pairs(table.sum(axis=1)), pairs(table.sum(axis=0)), len(a) * (len(a) - 1.0) / 2.0
    expected = rows * columns / every
    return (pairs(table) - expected) / ((rows + columns) / 2.0 - expected)


def cost(numbers, categories, labels):
    """Squared distances of the numbers from the segments' means, and GAMMA for each category that is not the segment's mode."""
    total = 0.0
    for label in np.unique(labels):
        own = labels == label
        total += float(np.sum((numbers[own] - numbers[own].mean(axis=0)) ** 2))
        for codes in categories:
            total += task.GAMMA * float(own.sum() - np.bincount(codes[own]).max())
    return total


def read_system(path, ids):
    """A system's segments as codes, and its seconds inside its process (empty where it gives none)."""
    printed = json.loads(path.with_suffix(".stdout").read_text())
    found = pq.read_table(path).to_pandas()
    column = next((name for name in ("segment", "segment_id") if name in found), None)
    if column is None:
        sys.exit(f"{path.stem}: has no segments")
    # Ids may be read as numbers or as words.
    found = found.set_index(found["customer_id"].astype(str))
    ids = ids.astype(str)
    if not found.index.is_unique or len(found) != len(ids) or not found.index.isin(ids).all():
        sys.exit(f"{path.stem}: does not place each of the {len(ids):,} customers once")
    codes = pd.factorize(found.loc[ids, column])[0]
    if (codes < 0).any():
        sys.exit(f"{path.stem}: leaves {(codes < 0).sum():,} customers without a segment")
    return codes, printed.get("seconds", {}) if isinstance(printed, dict) else {}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--input", type=Path, required=True)
    parser.add_argument("--k", type=int, required=True)
    parser.add_argument("outputs", type=Path, nargs="+")
    arguments = parser.parse_args()
    ids, numbers, words = task.customers(arguments.input)
    categories = [pd.factorize(words[name])[0] for name in words]
    planted = pq.read_table(arguments.input.with_suffix(".groups.parquet")).to_pandas()["group"].to_numpy()

    costs, agreements, inside = {}, {}, []
    for path in arguments.outputs:
        labels, seconds = read_system(path, ids)
        if labels.max() + 1 != arguments.k:
            sys.exit(f"{path.stem}: has {labels.max() + 1} segments instead of {arguments.k}")
        costs[path.stem] = cost(numbers, categories, labels)
        agreements[path.stem] = adjusted_rand(labels, planted)
        if seconds:
            inside.append(f"{path.stem} {', '.join(f'{part} {taken:.2f}' for part, taken in seconds.items())}")

    if OURS in costs:
        if not categories and costs[OURS] > min(costs.values()) * (1.0 + COST_TOLERANCE):
            sys.exit(f"mercer's inertia is not the least: {costs}")
        if categories and agreements[OURS] < max(agreements.values()) - AGREEMENT_TOLERANCE:
            sys.exit(f"mercer's segments are not the nearest to the planted groups: {agreements}")
    what = f"cost at a weight of {task.GAMMA} a category" if categories else "inertia"
    each = "; ".join(f"{name} {what} {costs[name]:.1f}, adjusted Rand index {agreements[name]:.4f}" for name in costs)
    ending = f". Seconds inside the last run's process: {'; '.join(inside)}" if inside else ""
    print(f"{arguments.k} segments of {len(ids):,} customers against the planted groups: {each}{ending}")


if __name__ == "__main__":
    main()
