"""Writes the inputs of the propensity bench: four real tables cut into five folds, and a million simulated customers.

Each input is a folder of Parquet files: `train_N` and `test_N` (the target left out) for the systems, `truth_N` (row_id and
target, 1 or 0) for the scorer. The folds are those of StratifiedKFold(5, shuffle=True, random_state=42) on the rows in file
order, so that anybody can make them again. Every row has its place in the cleaned table as `row_id`. A real table whose
reference data is missing is left out. What is done to each:

- telco: customerID becomes row_id; the 11 blank TotalCharges are missing values. 7,043 rows, 19 columns.
- shoppers: as it is. 12,330 rows, 17 columns.
- xeducation: 338 of the 9,240 rows are quoted whole, as if each were one field: they are left out. Both ids are left out, and
  nine columns that are filled after the contact with the lead: Tags, Lead Quality, Lead Profile, Last Activity, Last Notable
  Activity and the four of the Asymmetrique indices. 8,902 rows, 25 columns.
- bank: bank-additional-full without `duration`, which is known after the call only. 41,188 rows, 19 columns.

The same scale and seed give the same simulated rows; the scale does not change the real tables.
"""

import argparse
import csv
import gzip
import os
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedKFold

FOLDS, FOLD_SEED = 5, 42
DATA = Path(os.environ.get("MERCER_DATA") or Path(__file__).resolve().parents[3] / "shared" / "data")
AFTER_CONTACT = [
    "Tags",
    "Lead Quality",
    "Lead Profile",
    "Last Activity",
    "Last Notable Activity",
    "Asymmetrique Activity Index",
    "Asymmetrique Profile Index",
    "Asymmetrique Activity Score",
    "Asymmetrique Profile Score",
]
SIMULATED, SIMULATED_TEST = 1_000_000, 200_000
COUNTS, AMOUNTS, CATEGORIES, LEVELS = 20, 20, 10, 12


def read(source, **options):
    """A CSV file as its words and numbers; only blanks are missing ("None" and "NA" are words)."""
    return pd.read_csv(source, keep_default_na=False, na_values=["", " "], **options)


def telco():
    return read(DATA / "telco_churn/Telco-Customer-Churn.csv").drop(columns="customerID"), "Churn", "Yes"


def shoppers():
    path = DATA / "online_shoppers/online_shoppers_intention.csv"
    return read(path, dtype={"Weekend": str, "Revenue": str}), "Revenue", "TRUE"


def xeducation():
    path = DATA / "lead_scoring_x_education/Lead Scoring.csv"
    with path.open(encoding="utf-8", newline="") as file:
        whole = [number for number, row in enumerate(csv.reader(file)) if len(row) == 1]
    frame = read(path, skiprows=whole)
    return frame.drop(columns=["Prospect ID", "Lead Number", *AFTER_CONTACT]), "Converted", 1


def bank():
    with gzip.open(DATA / "bank_marketing/bank-additional-full.csv.gz", "rt", encoding="utf-8") as file:
        return read(file, sep=";").drop(columns="duration"), "y", "yes"


def write(folder, fold, train, test, target, positive):
    """Writes the three files of one fold."""
    train.to_parquet(folder / f"train_{fold}.parquet", index=False)
    test.drop(columns=target).to_parquet(folder / f"test_{fold}.parquet", index=False)
    truth = pd.DataFrame({"row_id": test["row_id"], "target": (test[target] == positive).astype(np.int8)})
    truth.to_parquet(folder / f"truth_{fold}.parquet", index=False)


def real(folder, frame, target, positive):
    """Cuts a real table into its folds."""
    folder.mkdir(parents=True, exist_ok=True)
    frame.insert(0, "row_id", np.arange(len(frame)))
    cuts = StratifiedKFold(FOLDS, shuffle=True, random_state=FOLD_SEED).split(frame, frame[target] == positive)
    for fold, (train, test) in enumerate(cuts):
        write(folder, fold, frame.iloc[train], frame.iloc[test], target, positive)


def simulated(rng, rows):
    """Customers whose chance to buy comes of steps, slopes and interactions of some of their columns; the rest is noise.

    Counts and amounts are skewed, as a customer's are; a tenth of every fourth amount is missing, more often where the
    chance is low.
    """
    columns, score = {}, np.full(rows, -6.5)
    rates = rng.gamma(2.0, 1.0, (2, rows))  # How active a customer is, and how much they spend: shared by columns.
    for index in range(COUNTS):
        counts = rng.poisson(rates[index % 2] * (1.0 + index % 5))
        columns[f"count_{index + 1}"] = counts
        if index < 6:
            score += 0.5 * np.log1p(counts) - 0.7 * (counts > 3 + index)
    for index in range(AMOUNTS):
        amounts = np.round(rates[(index + 1) % 2] * rng.lognormal(2.0, 0.8, rows), 2)
        columns[f"amount_{index + 1}"] = amounts
        if index < 6:
            score += 0.6 * np.sin(np.log1p(amounts)) * (columns[f"count_{index + 1}"] > 1)
    for index in range(CATEGORIES):
        codes = np.minimum(rng.geometric(0.22, rows) - 1, LEVELS - 1)
        columns[f"category_{index + 1}"] = np.array([f"level {letter}" for letter in "abcdefghijkl"])[codes]
        if index < 4:
            # Effects without an order, the same for every seed and size.
            score += 0.8 * np.sin(1.0 + 2.3 * codes + index) + 0.4 * np.cos(codes) * (columns["count_1"] > 2)
    bought = rng.random(rows) < 1.0 / (1.0 + np.exp(-score))
    for index in range(0, AMOUNTS, 4):
        missing = rng.random(rows) < 0.12 / (1.0 + np.exp(score))
        columns[f"amount_{index + 1}"] = np.where(missing, np.nan, columns[f"amount_{index + 1}"])
    return pd.DataFrame({"row_id": np.arange(rows), **columns, "bought": np.where(bought, "yes", "no")})


def generate(folder, scale, seed):
    """Writes all inputs into `folder` and prints what the simulated one is."""
    for table in (telco, shoppers, xeducation, bank):
        try:
            frame, target, positive = table()
        except FileNotFoundError:
            continue
        real(folder / table.__name__, frame, target, positive)
    train, test = int(SIMULATED * scale), int(SIMULATED_TEST * scale)
    frame = simulated(np.random.default_rng(seed), train + test)
    (folder / "simulated").mkdir(parents=True, exist_ok=True)
    write(folder / "simulated", 0, frame.iloc[:train], frame.iloc[train:], "bought", "yes")
    print(
        f"{train:,} simulated customers with {COUNTS} counts, {AMOUNTS} amounts and {CATEGORIES} categories of {LEVELS} levels, "
        f"and {test:,} more to score"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", type=Path, required=True, help="folder to write the inputs into")
    parser.add_argument("--scale", type=float, default=1.0, help="1 is a million customers; 0.1 a tenth of that")
    parser.add_argument("--seed", type=int, default=42)
    arguments = parser.parse_args()
    generate(arguments.tables, arguments.scale, arguments.seed)
