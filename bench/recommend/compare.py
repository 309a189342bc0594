"""The independent scorer of the recommend bench: whose lists hold more of what customers wanted, and by how much?

Reads the truth and every system's lists (Parquet: customer_id, product_id, rank and score; more columns are welcome). A list has
at most 100 products, each once, known in training, ranked from 1 by falling score; where `new` products are asked for, none that
the customer had. Products of one score count in the worst order, so that nobody gains by ties; a list that is missing
or short misses. Lists are of all known products (no sample of them). Tells, first a sentence and then two tables:

- NDCG@20 and NDCG@100 (relevance 1 or 0, the ideal list holds all that is wanted), recall@10 and recall@100 (the share of all
  that is wanted, however much): means over customers.
- What each peer's figures are less mercer's, in pairs: with the 95 % interval of a bootstrap over customers, the same draws
  for all.

Mercer's NDCG@20 and NDCG@100 are demanded to be at least the best peer's, but for the tolerance (exit 1 where one is not).
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd

import task

OURS = "mercer"
# Figures of one model vary by about this much with the seed; differences below it change no decision.
TOLERANCE = 0.002
DRAWS, LEVEL, SEED = 2000, 0.95, 42
FIGURES = ["NDCG@20", "NDCG@100", "recall@10", "recall@100"]
DISCOUNTS = 1.0 / np.log2(np.arange(2, task.LENGTH + 2))
PAIR = ["customer_id", "product_id"]
# A list's columns.
COLUMNS = [*PAIR, "rank", "score"]


def read_pairs(path):
    """Customers and products, as words: ids may be written as numbers or as words."""
    return pd.read_parquet(path, columns=PAIR).astype(str)


def read_lists(path, customers, products, had):
    """A system's lists with the places of customers; `had` is what must not be in them (or nothing)."""
    lists = pd.read_parquet(path)
    missing = [name for name in COLUMNS if name not in lists]
    if missing:
        sys.exit(f"{path.name}: lacks {', '.join(missing)}")
    lists = lists[COLUMNS].astype({name: str for name in PAIR}).sort_values(["customer_id", "rank"], kind="stable")
    if lists.duplicated(PAIR).any():
        sys.exit(f"{path.name}: gives a customer a product twice")
    if not lists["product_id"].isin(products).all():
        sys.exit(f"{path.name}: has products that are not known")
    if lists["score"].isna().any():
        sys.exit(f"{path.name}: has a missing score")
    by_customer = lists.groupby("customer_id", sort=False)
    if not (lists["rank"].to_numpy() == by_customer.cumcount().to_numpy() + 1).all() or lists["rank"].max() > task.LENGTH:
        sys.exit(f"{path.name}: has ranks other than 1 to {task.LENGTH} without a gap")
    if (by_customer["score"].diff() > 0).any():
        sys.exit(f"{path.name}: has a score above that of the rank before")
    if had is not None and pd.MultiIndex.from_frame(lists[PAIR]).isin(had).any():
        sys.exit(f"{path.name}: recommends what the customer had")
    lists["place"] = customers.get_indexer(lists["customer_id"])
    # Lists of others, whom nobody asked about in this task, are welcome.
    return lists[lists["place"] >= 0]


def figures(lists, truth, customers):
    """Each customer's figures, one row a customer."""
    wanted = truth.groupby("customer_id").size().reindex(customers).to_numpy()
    hit = pd.MultiIndex.from_frame(lists[PAIR]).isin(pd.MultiIndex.from_frame(truth))
    # The worst order of a tie: misses first.
    order = np.lexsort((hit, -lists["score"].to_numpy(), lists["place"].to_numpy()))
    place, hit = lists["place"].to_numpy()[order], hit[order]
    position = pd.Series(place).groupby(place).cumcount().to_numpy()
    hits = np.zeros((len(customers), task.LENGTH))
    hits[place, position] = hit
    ideal = np.cumsum(DISCOUNTS)

    def ndcg(length):
        return hits[:, :length] @ DISCOUNTS[:length] / ideal[np.minimum(wanted, length) - 1]

    def recall(length):
        return hits[:, :length].sum(axis=1) / wanted

    return np.column_stack([ndcg(20), ndcg(100), recall(10), recall(100)])


def seconds_inside(path):
    """The seconds that a peer says its parts took, in words; nothing where it says none (mercer prints other things)."""
    try:
        printed = json.loads(path.with_suffix(".stdout").read_text())
    except (OSError, json.JSONDecodeError):
        return ""
    seconds = printed.get("seconds", {}) if isinstance(printed, dict) else {}
    return ", ".join(f"{part} {taken:.2f}" for part, taken in seconds.items())


def intervals(differences):
    """The least and the most of the interval of each column's mean, by a bootstrap over the rows."""
    rng, rows = np.random.default_rng(SEED), len(differences)
    weights = rng.multinomial(rows, np.full(rows, 1.0 / rows), DRAWS)
    means = weights @ differences / rows
    return np.quantile(means, [0.5 - LEVEL / 2.0, 0.5 + LEVEL / 2.0], axis=0)


def table(header, rows):
    """A table in Markdown, its first column to the left."""
    lines = [header, ["---"] + ["---:"] * (len(header) - 1), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--input", type=Path, required=True)
    parser.add_argument("--task", choices=["all", "new"], required=True)
    parser.add_argument("outputs", type=Path, nargs="+", help="a system's lists")
    arguments = parser.parse_args()
    truth = read_pairs(arguments.input / f"truth_{arguments.task}.parquet")
    known = read_pairs(arguments.input / "train.parquet")
    had = pd.MultiIndex.from_frame(known) if arguments.task == "new" else None
    customers, products = pd.Index(truth["customer_id"].unique()), pd.Index(known["product_id"].unique())

    systems = {}
    for path in arguments.outputs:
        systems[path.stem] = figures(read_lists(path, customers, products, had), truth, customers)
    means = {name: values.mean(axis=0) for name, values in systems.items()}
    for column in range(2):
        best = max(mean[column] for mean in means.values())
        if OURS in means and means[OURS][column] < best - TOLERANCE:
            sys.exit(f"mercer's {FIGURES[column]} is {means[OURS][column]:.4f}, and the best peer's {best:.4f}")

    best = max(means, key=lambda name: means[name][1])
    inside = [f"{path.stem} {told}" for path in arguments.outputs if (told := seconds_inside(path))]
    ending = f". Seconds inside the last run's process: {'; '.join(inside)}" if inside else ""
    asked = "products new to them" if arguments.task == "new" else "any products"
    print(
        f"{len(customers):,} customers, {len(truth) / len(customers):.1f} wanted each of {len(products):,}, {asked}; "
        f"the highest NDCG@100 is that of {best} ({means[best][1]:.4f}){ending}"
    )
    print("\n" + table(["system", *FIGURES], [[name, *(f"{value:.4f}" for value in means[name])] for name in means]))
    if OURS in systems and len(systems) > 1:
        rows = []
        for name in systems:
            if name != OURS:
                apart = systems[name] - systems[OURS]
                low, high = intervals(apart)
                each = zip(apart.mean(axis=0), low, high, strict=True)
                rows.append([name, *(f"{mean:+.4f} ({least:+.4f} to {most:+.4f})" for mean, least, most in each)])
        print("\n" + table(["less mercer's", *FIGURES], rows))


if __name__ == "__main__":
    main()
