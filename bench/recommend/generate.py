"""Writes the inputs of the recommend bench: three real tables, each cut into what is known and what is wanted.

Each input is a folder of Parquet files: `train` (customer_id, product_id, occurred_at, order_id, quantity; where the table has
no orders, customer_id, product_id and quantity), `products` (product_id and title), `customers` (whom to recommend to) and two
truths for the scorer alone: `truth_all` (customer_id, product_id: everything wanted that was known in training) and `truth_new`
(of that, what the customer did not have). `validation` holds the rows of `train` that were kept apart when the peers were tuned:
they are the same kind of cut, made inside `train`. A table whose reference data is missing is left out. What is done to each:

- online_retail: lines with a customer, of an invoice that is no cancellation, with a positive quantity and a StockCode that
  begins with a digit. Cut at 2011-10-01: known before, wanted from then on. Validation from 2011-07-23 (70 days, as many as
  the test has). 1,835 customers, 3,502 products.
- journey: the sample of 75,000 lines of the Complete Journey, positive quantities, cut on the day from which on a fifth of the
  lines is wanted; validation is the last fifth of what is known.
- lastfm: plays of artists. Of each listener's artists (in order of their ids) a fifth, drawn by numpy's default_rng(42) over the
  listeners in order of their ids, is wanted; validation is a fifth of the rest, drawn in the same way afterwards. There is no
  time, and nobody wants what they have.

Nothing is drawn but on lastfm, so that a seed has no use; `--scale` is taken and has none either, because the tables are real.
"""

import argparse
import os
from pathlib import Path

import numpy as np
import pandas as pd

SEED, SHARE = 42, 0.2
DATA = Path(os.environ.get("MERCER_DATA") or Path(__file__).resolve().parents[3] / "shared" / "data")
RETAIL_CUT, RETAIL_VALIDATION = pd.Timestamp("2011-10-01"), pd.Timestamp("2011-07-23")
COLUMNS = ["customer_id", "product_id", "occurred_at", "order_id", "quantity"]


def online_retail():
    """Known and wanted lines, which of the known are for validation, and the titles."""
    lines = pd.read_csv(DATA / "online_retail/online_retail.csv.gz", dtype=str, keep_default_na=False)
    lines = lines.rename(
        columns={"CustomerID": "customer_id", "StockCode": "product_id", "InvoiceNo": "order_id", "Description": "title"}
    )
    # The ids are written as numbers with a fraction.
    lines["customer_id"] = lines["customer_id"].str.removesuffix(".0")
    lines["occurred_at"] = pd.to_datetime(lines["InvoiceDate"])
    lines["quantity"] = lines["Quantity"].astype(np.int64)
    kept = (lines["customer_id"] != "") & ~lines["order_id"].str.startswith("C") & (lines["quantity"] > 0)
    lines = lines[kept & lines["product_id"].str.match(r"\d")]
    known, wanted = lines[lines["occurred_at"] < RETAIL_CUT], lines[lines["occurred_at"] >= RETAIL_CUT]
    titles = known[known["title"] != ""].groupby("product_id", as_index=False)["title"].first()
    return known[COLUMNS], wanted[COLUMNS], known["occurred_at"] >= RETAIL_VALIDATION, titles


def day_of_last(lines, share):
    """The first day from which on no more than about `share` of the lines are."""
    return lines["occurred_at"].sort_values().iloc[int(len(lines) * (1.0 - share))].normalize()


def journey():
    folder = DATA / "complete_journey_sample"
    words = dict.fromkeys(("household_id", "basket_id", "product_id"), str)
    lines = pd.read_csv(folder / "transactions_sample.csv.gz", dtype=words)
    lines = lines.rename(
        columns={"household_id": "customer_id", "basket_id": "order_id", "transaction_timestamp": "occurred_at"}
    )
    lines["occurred_at"] = pd.to_datetime(lines["occurred_at"])
    lines = lines[lines["quantity"] > 0].sort_values("occurred_at", kind="stable")
    cut = day_of_last(lines, SHARE)
    known, wanted = lines[lines["occurred_at"] < cut], lines[lines["occurred_at"] >= cut]
    products = pd.read_csv(folder / "products.csv.gz", dtype=str, keep_default_na=False)
    parts = products[["brand", "product_category", "product_type", "package_size"]]
    products["title"] = parts.agg(" ".join, axis=1).str.split().str.join(" ")
    titles = products.loc[products["product_id"].isin(known["product_id"]), ["product_id", "title"]]
    return known[COLUMNS], wanted[COLUMNS], known["occurred_at"] >= day_of_last(known, SHARE), titles


def drawn(plays, rng):
    """Which rows are of the fifth of their customer's; the rows are in order of customers and products."""
    chosen = []
    for _, rows in plays.groupby("customer_id", sort=True):
        places = np.zeros(len(rows), bool)
        places[rng.permutation(len(rows))[: round(SHARE * len(rows))]] = True
        chosen.append(places)
    return np.concatenate(chosen)


def lastfm():
    folder = DATA / "lastfm_hetrec2k"
    names = ["customer_id", "product_id", "quantity"]
    plays = pd.read_csv(folder / "user_artists.dat", sep="\t", header=None, names=names)
    plays = plays.sort_values(["customer_id", "product_id"]).reset_index(drop=True)
    rng = np.random.default_rng(SEED)
    places = drawn(plays, rng)
    known, wanted = plays[~places], plays[places]
    validation = pd.Series(drawn(known, rng), index=known.index)
    artists = pd.read_csv(folder / "artists.dat", sep="\t", quoting=3, usecols=["id", "name"], keep_default_na=False)
    artists = artists.rename(columns={"id": "product_id", "name": "title"})
    artists = artists[artists["product_id"].isin(known["product_id"])]
    words = {"customer_id": str, "product_id": str}
    return known.astype(words), wanted.astype(words), validation, artists.astype({"product_id": str})


def write(folder, known, wanted, validation, titles):
    """Writes one input and tells what is in it."""
    folder.mkdir(parents=True, exist_ok=True)
    pairs = ["customer_id", "product_id"]
    both = wanted["customer_id"].isin(known["customer_id"]) & wanted["product_id"].isin(known["product_id"])
    truth = wanted.loc[both, pairs].drop_duplicates().sort_values(pairs)
    had = pd.MultiIndex.from_frame(known[pairs])
    new = truth[~pd.MultiIndex.from_frame(truth).isin(had)]
    frames = {
        "train": known,
        "validation": known[validation],
        "products": titles,
        "customers": truth[["customer_id"]].drop_duplicates(),
        "truth_all": truth,
        "truth_new": new,
    }
    for name, frame in frames.items():
        frame.to_parquet(folder / f"{name}.parquet", index=False)
    return (
        f"{folder.name}: {len(known):,} rows of {known['customer_id'].nunique():,} customers and "
        f"{known['product_id'].nunique():,} products, {truth['customer_id'].nunique():,} customers want {len(truth):,}, "
        f"{new['customer_id'].nunique():,} of them {len(new):,} that are new to them"
    )


def generate(folder):
    """Writes all inputs into `folder` and prints what they are."""
    told = []
    for table in (online_retail, journey, lastfm):
        try:
            parts = table()
        except FileNotFoundError:
            continue
        told.append(write(folder / table.__name__, *parts))
    print("; ".join(told))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", type=Path, required=True, help="folder to write the inputs into")
    parser.add_argument("--scale", type=float, default=1.0, help="without effect: the tables are real")
    generate(parser.parse_args().tables)
