"""Writes the inputs of the segment bench: customers in eight planted groups.

At scale 1: `numbers.parquet`, a million customers with eight numbers; `mixed.parquet`, a hundred thousand with ten numbers
and ten categories of five levels. Each group has a centre and, of each category, a favourite level that three fifths of its
customers take beside chance. Beside each input lies `*.groups.parquet`, which group each customer is of, for the scorer.
The same scale and seed give the same rows.
"""

import argparse
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

GROUPS = 8
NUMBERS_ROWS, NUMBERS = 1_000_000, 8
MIXED_ROWS, MIXED_NUMBERS, MIXED_CATEGORIES, LEVELS = 100_000, 10, 10, 5
FAVOURITE = 0.6


def write(folder, name, columns, groups):
    """Writes customers and, apart from them, their groups."""
    ids = pa.array(np.arange(1, len(groups) + 1))
    pq.write_table(pa.table({"customer_id": ids, **columns}), folder / f"{name}.parquet")
    pq.write_table(pa.table({"customer_id": ids, "group": groups}), folder / f"{name}.groups.parquet")


def numbers(rng, rows, count, distance):
    """Which group each row is of, and its numbers: normal ones about the group's centre."""
    groups = rng.integers(0, GROUPS, rows)
    centres = rng.normal(0.0, distance, (GROUPS, count))
    values = centres[groups] + rng.normal(0.0, 1.0, (rows, count))
    return groups, {f"number_{index + 1}": values[:, index] for index in range(count)}


def generate(folder, scale, seed):
    """Writes both inputs into `folder` and prints what they are."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    many, some = int(NUMBERS_ROWS * scale), int(MIXED_ROWS * scale)
    groups, columns = numbers(rng, many, NUMBERS, 2.0)
    write(folder, "numbers", columns, groups)

    groups, columns = numbers(rng, some, MIXED_NUMBERS, 1.5)
    favourites = rng.integers(0, LEVELS, (GROUPS, MIXED_CATEGORIES))
    names = np.array([f"level {letter}" for letter in "abcde"])
    for index in range(MIXED_CATEGORIES):
        other = rng.integers(0, LEVELS, some)
        codes = np.where(rng.random(some) < FAVOURITE, favourites[groups, index], other)
        columns[f"category_{index + 1}"] = pa.array(names[codes]).dictionary_encode().cast(pa.string())
    write(folder, "mixed", columns, groups)
    print(
        f"{GROUPS} planted groups of simulated customers: {many:,} with {NUMBERS} numbers, "
        f"{some:,} with {MIXED_NUMBERS} numbers and {MIXED_CATEGORIES} categories of {LEVELS} levels"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", type=Path, required=True, help="folder to write the inputs into")
    parser.add_argument("--scale", type=float, default=1.0, help="1 is a million customers; 0.1 a tenth of that")
    parser.add_argument("--seed", type=int, default=42)
    arguments = parser.parse_args()
    generate(arguments.tables, arguments.scale, arguments.seed)
