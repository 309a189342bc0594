"""The task of every peer: read the customers, bring the numbers to one scale, find k segments, write everybody's segment.

Beside the segments a peer prints one line of JSON: how many seconds each part took inside its process, for a reader who
wonders what start-up costs.
"""

import argparse
import json
import os
import time
from pathlib import Path

# What differing in a category adds to the squared distance, for peers and scorer; numbers have a variance of 1.
GAMMA = 0.5


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
    parser.add_argument("--input", type=Path, required=True, help="Parquet file, one customer a row")
    parser.add_argument("--k", type=int, required=True, help="how many segments")
    parser.add_argument("--segments", type=Path, required=True, help="Parquet file to write")
    parser.add_argument("--threads", type=int, required=True)
    found = parser.parse_args()
    for library in ("OMP", "OPENBLAS", "MKL"):
        os.environ[f"{library}_NUM_THREADS"] = str(found.threads)
    return found


def customers(path):
    """The ids, the numbers at mean 0 and standard deviation 1, and the categories as words (no columns where there are none)."""
    import numpy as np
    import pandas as pd

    frame = pd.read_parquet(path)
    numbers = frame.filter(like="number_").to_numpy(np.float64)
    numbers = (numbers - numbers.mean(axis=0)) / numbers.std(axis=0)
    return frame["customer_id"], numbers, frame.filter(like="category_")


def finish(found, clock, customer_id, labels):
    """Writes the segments and prints the seconds."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"customer_id": customer_id, "segment": labels}), found.segments)
    clock.end_of("write")
    print(json.dumps({"seconds": clock.seconds}))
