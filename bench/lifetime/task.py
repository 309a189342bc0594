"""The task of every peer: read the customers, fit BG/NBD and Gamma-Gamma, score everybody, write the scores.

Beside the scores a peer prints one line of JSON: its parameters under the names of the literature, and how many seconds
each part took inside its process, for a reader who wonders what start-up costs.
"""

import argparse
import json
import os
import time
from pathlib import Path

HORIZON_WEEKS = 39.0
# Both peers count months of 4.345 weeks in their customer lifetime value: nine of them are 39.1 weeks.
HORIZON_MONTHS = 9
DISCOUNT_A_YEAR = 0.10
DISCOUNT_A_MONTH = (1.0 + DISCOUNT_A_YEAR) ** (1.0 / 12.0) - 1.0


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
    parser.add_argument("--input", type=Path, required=True, help="CSV file, one customer a row")
    parser.add_argument("--columns", required=True, help="ours=theirs, separated by commas")
    parser.add_argument("--scores", type=Path, required=True, help="Parquet file to write")
    parser.add_argument("--threads", type=int, required=True)
    found = parser.parse_args()
    for library in ("OMP", "OPENBLAS", "MKL", "NUMBA"):
        os.environ[f"{library}_NUM_THREADS"] = str(found.threads)
    return found


def columns(text):
    """The mapping `ours=theirs,…` as a dictionary."""
    return dict(pair.split("=", 1) for pair in text.split(","))


def customers(path, mapping):
    """The customers with our column names."""
    import pandas as pd

    theirs = columns(mapping)
    frame = pd.read_csv(path, engine="pyarrow", usecols=list(theirs.values()))
    return frame.rename(columns={name: ours for ours, name in theirs.items()})


def finish(found, clock, customer_id, p_alive, expected_purchases, clv, parameters):
    """Writes the scores and prints the parameters."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    scores = {"customer_id": customer_id, "p_alive": p_alive, "expected_purchases": expected_purchases, "clv": clv}
    pq.write_table(pa.table(scores), found.scores)
    clock.end_of("write")
    parameters = {name: float(value) for name, value in parameters.items()}
    print(json.dumps({"parameters": parameters, "seconds": clock.seconds}))
