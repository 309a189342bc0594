"""The task of every peer: for each fold, fit on the training rows and write a probability for every test row.

`best` settings are those a careful user takes: a slow learning rate, and as many rounds as a fifth of the training rows, kept
apart, say. `equal` settings are the same for all peers and fit one model of ROUNDS rounds on all training rows: that compares
speed. Beside the scores a peer prints one line of JSON: how many seconds each part took inside its process over all folds,
for a reader who wonders what start-up costs.
"""

import argparse
import json
import os
import time
from pathlib import Path

ID, SCORE = "row_id", "probability"
# Settings of everybody.
SEED = 42
# Best settings.
LEARNING_RATE, MOST_ROUNDS, PATIENCE, VALIDATION = 0.05, 3000, 50, 0.2
# Equal settings.
EQUAL_LEARNING_RATE, ROUNDS, LEAVES, BINS = 0.1, 100, 31, 255


class Clock:
    """Seconds since the last part ended, added up by part."""

    def __init__(self):
        self.seconds = {}
        self.last = time.perf_counter()

    def end_of(self, part):
        now = time.perf_counter()
        self.seconds[part] = round(self.seconds.get(part, 0.0) + now - self.last, 3)
        self.last = now


def arguments():
    """What the bench tells a peer; the number of threads goes to all libraries that compute."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--input", type=Path, required=True, help="folder of train_N.parquet and test_N.parquet")
    parser.add_argument("--target", required=True, help="the column to predict")
    parser.add_argument("--positive", required=True, help="the target's value whose probability is wanted")
    parser.add_argument("--folds", type=int, required=True)
    parser.add_argument("--settings", choices=["best", "equal"], required=True)
    parser.add_argument("--scores", required=True, help="Parquet files to write: SCORES.N.parquet for fold N")
    parser.add_argument("--threads", type=int, required=True)
    found = parser.parse_args()
    for library in ("OMP", "OPENBLAS", "MKL"):
        os.environ[f"{library}_NUM_THREADS"] = str(found.threads)
    return found


def scores_of(scores, fold):
    """Where a system writes the scores of a fold."""
    return Path(f"{scores}.{fold}.parquet")


class Fold:
    """The rows of one fold: features and target (1 or 0) to fit on, features and ids to score."""

    def __init__(self, found, number):
        import pandas as pd

        train = pd.read_parquet(found.input / f"train_{number}.parquet")
        test = pd.read_parquet(found.input / f"test_{number}.parquet")
        self.scores = scores_of(found.scores, number)
        self.ids = test[ID]
        self.y = (train[found.target].astype(str) == found.positive).astype("int8").to_numpy()
        self.train = train.drop(columns=[ID, found.target])
        self.test = test[self.train.columns]
        self.words = [name for name in self.train if not pd.api.types.is_numeric_dtype(self.train[name])]

    def as_categories(self):
        """Turns words into pandas' categories: the levels of the training rows; a level met first in a test row is missing."""
        import pandas as pd

        self.train, self.test = self.train.copy(), self.test.copy()
        for name in self.words:
            levels = pd.CategoricalDtype(sorted(self.train[name].dropna().unique()))
            self.train[name] = self.train[name].astype(levels)
            self.test[name] = self.test[name].astype(levels)

    def apart(self):
        """Training rows to learn from and rows kept apart to stop by: features, features, target, target."""
        from sklearn.model_selection import train_test_split

        return train_test_split(self.train, self.y, test_size=VALIDATION, stratify=self.y, random_state=SEED)

    def write(self, probability):
        """Writes the probabilities of the test rows."""
        import pandas as pd

        pd.DataFrame({ID: self.ids.to_numpy(), SCORE: probability}).to_parquet(self.scores, index=False)


def folds(found, clock):
    """Every fold, read as the peer asks for it."""
    for number in range(found.folds):
        fold = Fold(found, number)
        clock.end_of("read")
        yield fold


def finish(clock):
    """Prints the seconds."""
    print(json.dumps({"seconds": clock.seconds}))
