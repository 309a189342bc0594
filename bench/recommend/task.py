"""The task of every peer: read what is known, fit, and write a ranked list of products for every customer asked about.

`all` lists hold what the customer had too; `new` lists leave that out. A peer's settings for an input and a task are the best on
that input's validation rows, fitted without them. Beside the lists a peer prints one line of
JSON: how many seconds each part took inside its process, for a reader who wonders what start-up costs.
"""

import argparse
import json
import os
import time
from pathlib import Path

# Products of a list.
LENGTH = 100
SEED = 42


class Clock:
    """Seconds since the last part ended, by part."""

    def __init__(self):
        self.seconds = {}
        self.last = time.perf_counter()

    def end_of(self, part):
        now = time.perf_counter()
        self.seconds[part] = round(now - self.last, 3)
        self.last = now


def arguments():
    """What the bench tells a peer; the number of threads goes to all libraries that compute."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--input", type=Path, required=True, help="folder of train.parquet and customers.parquet")
    parser.add_argument("--task", choices=["all", "new"], required=True)
    parser.add_argument("--lists", type=Path, required=True, help="Parquet file to write")
    parser.add_argument("--threads", type=int, required=True)
    found = parser.parse_args()
    for library in ("OMP", "MKL"):
        os.environ[f"{library}_NUM_THREADS"] = str(found.threads)
    # What implicit asks for, because its own threads and those of BLAS hinder each other; peers that need BLAS's set it anew.
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    return found


class Known:
    """What is known: a matrix of customers and products, and the rows of those asked about."""

    def __init__(self, train, customers, weight):
        import numpy as np
        import pandas as pd
        from scipy.sparse import csr_matrix

        self.ids = customers.to_numpy()
        rows, everybody = pd.factorize(train["customer_id"], sort=True)
        columns, self.products = pd.factorize(train["product_id"], sort=True)
        # A shop's matrix counts the lines of a product; one without orders takes the quantity.
        values = np.ones(len(train)) if "order_id" in train else train["quantity"].to_numpy(float)
        matrix = csr_matrix((values, (rows, columns)), (len(everybody), len(self.products)))
        if weight == "binary":
            matrix.data[:] = 1.0
        elif weight == "log":
            matrix.data = np.log1p(matrix.data)
        self.matrix = matrix.astype(np.float32)
        self.asked = pd.Index(everybody).get_indexer(self.ids)


def read(found, weight):
    """The rows of training as the bench gives them."""
    import pandas as pd

    train = pd.read_parquet(found.input / "train.parquet")
    return Known(train, pd.read_parquet(found.input / "customers.parquet")["customer_id"], weight)



def write(found, known, places, scores):
    """Writes the lists: the best first, and nothing where a score is missing."""
    import numpy as np
    import pandas as pd

    count, length = places.shape
    frame = pd.DataFrame(
        {
            "customer_id": np.repeat(known.ids, length),
            "product_id": known.products.to_numpy()[places.ravel()],
            "rank": np.tile(np.arange(1, length + 1), count),
            "score": scores.ravel(),
        }
    )
    # implicit fills a list that is too short with products it gives the lowest number there is.
    kept = (places.ravel() >= 0) & (scores.ravel() > np.finfo(np.float32).min / 2)
    frame[kept].to_parquet(found.lists, index=False)


def finish(clock):
    """Prints the seconds."""
    print(json.dumps({"seconds": clock.seconds}))


def run_implicit(settings, build):
    """A peer of implicit from the command line to its lists: `settings` by input and task, `build` makes the model of them."""
    found, clock = arguments(), Clock()
    import implicit  # noqa: F401

    clock.end_of("import")
    form = dict(settings[found.input.name, found.task])
    known = read(found, form.pop("weight"))
    clock.end_of("read")
    # Neighbours fill a list that is too short with products without any score, and they may be the customer's own.
    only_above_zero = form.pop("only_above_zero", False)
    model = build(found, form)
    model.fit(known.matrix, show_progress=False)
    wanted = {"N": LENGTH, "filter_already_liked_items": found.task == "new"}
    places, scores = model.recommend(known.asked, known.matrix[known.asked], **wanted)
    if only_above_zero:
        places[scores <= 0.0] = -1
    clock.end_of("fit and score")
    write(found, known, places, scores)
    clock.end_of("write")
    finish(clock)
