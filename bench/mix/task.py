"""What the peer and the scorer share: the summary of a posterior, as mercer's model writes it."""

import argparse
import json
import os
import time
from pathlib import Path

CHANNELS = ["x1", "x2"]
CONTROLS = ["event_1", "event_2", "t"]
CHAINS, DRAWS, TUNE, SEED = 4, 1000, 1000, 42
LAGS, WAVES = 8, 2


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
    parser.add_argument("--input", type=Path, required=True, help="folder of weeks.csv")
    parser.add_argument("--summary", type=Path, required=True, help="JSON file to write")
    parser.add_argument("--threads", type=int, required=True)
    found = parser.parse_args()
    for library in ("OMP", "MKL", "OPENBLAS", "NUMBA", "RAYON"):
        os.environ[f"{library}_NUM_THREADS"] = str(found.threads)
    return found


def write(path, parameters, shares):
    """Writes the posterior: for each unknown and each channel's share its mean, spread, interval and effective draws."""
    path.write_text(json.dumps({"model": {"parameters": parameters, "contribution_share": shares}}))


def finish(clock):
    """Prints the seconds."""
    print(json.dumps({"seconds": clock.seconds}))
