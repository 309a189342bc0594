"""The independent scorer of the propensity bench: whose probabilities are better, and by how much?

Reads, for each fold, the truth (row_id, target 1 or 0) and every system's scores (Parquet: row_id and probability; more columns
are welcome). Every system scores each test row once, by a number from 0 to 1. Tells, first a sentence and then two tables:

- AUC, log-loss and lift of the highest tenth: means over folds.
- Expected calibration error (ECE, ten groups of as many rows each) and calibration slope (of the outcome on the log odds, by
  logistic regression; 1 is right, below 1 overconfident): over the rows of all folds together, because a fold's own ECE is
  mostly chance.
- What each peer's log-loss and AUC are above mercer's, in pairs: with the 95 % interval of Student's t over folds (where there
  are folds), and that of a bootstrap over rows, drawn within folds, the same draws for both.

Mercer is demanded to be as good as the best peer but for the tolerances, and calibrated (exit 1 where it is not).
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import xlog1py, xlogy
from scipy.stats import t as student

import task

OURS = "mercer"
# What mercer calls the column of ids, whatever it was called in the input.
OUR_ID = "customer_id"
# A fold's own AUC and log-loss vary by .005 and more; differences below these change no decision.
AUC_TOLERANCE, LOG_LOSS_TOLERANCE = 0.002, 0.002
SLOPES = (0.9, 1.15)
BINS, TOP = 10, 0.1
DRAWS, LEVEL, SEED = 1000, 0.95, 42
# Probabilities are kept from 0 and 1 by this, so that one sure mistake counts 16 and not infinity.
LEAST = 1e-7


class Ranking:
    """One fold's rows in the order of a system's scores, for AUCs under many weightings of the rows."""

    def __init__(self, target, probability):
        self.order = np.argsort(probability, kind="stable")
        ordered = probability[self.order]
        self.target = target[self.order].astype(float)
        # Where a group of equal scores begins.
        self.starts = np.flatnonzero(np.r_[True, ordered[1:] > ordered[:-1]])

    def auc(self, weights):
        """Share of pairs of a positive and a negative row in the right order, ties by half (Mann & Whitney 1947)."""
        weights = weights[self.order]
        positives = np.add.reduceat(weights * self.target, self.starts)
        negatives = np.add.reduceat(weights * (1.0 - self.target), self.starts)
        below = np.cumsum(negatives) - negatives / 2.0
        return float(np.sum(positives * below) / (positives.sum() * negatives.sum()))


def losses(target, probability):
    """Each row's log-loss."""
    kept = np.clip(probability, LEAST, 1.0 - LEAST)
    return -(xlogy(target, kept) + xlog1py(1 - target, -kept))


def lift(target, probability):
    """How much more often the highest tenth is positive than everybody; rows tied at the border count by their mean."""
    border = np.quantile(probability, 1.0 - TOP, method="inverted_cdf")
    above, tied = probability > border, probability == border
    wanted = TOP * len(target)
    found = target[above].sum() + (wanted - above.sum()) * target[tied].mean()
    return found / wanted / target.mean()


def calibration_error(target, probability):
    """Mean distance of predicted from observed rates over groups of as many rows each."""
    groups = np.array_split(np.argsort(probability, kind="stable"), BINS)
    return sum(abs(probability[rows].sum() - target[rows].sum()) for rows in groups) / len(target)


def calibration_slope(target, probability):
    """The slope of logistic regression of the outcome on the predicted log odds (Cox 1958), by Newton's method."""
    kept = np.clip(probability, LEAST, 1.0 - LEAST)
    design = np.column_stack([np.ones(len(kept)), np.log(kept) - np.log1p(-kept)])
    coefficients = np.array([0.0, 1.0])
    for _ in range(50):
        fitted = 1.0 / (1.0 + np.exp(-design @ coefficients))
        information = design.T @ (design * (fitted * (1.0 - fitted))[:, None])
        step = np.linalg.solve(information, design.T @ (target - fitted))
        coefficients += step
        if np.abs(step).max() < 1e-10:
            break
    return coefficients[1]


def read_system(scores, truths):
    """A system's probabilities by fold, in the order of the truth."""
    probabilities = []
    for fold, truth in enumerate(truths):
        path = task.scores_of(scores, fold)
        found = pd.read_parquet(path)
        column = next((name for name in (task.ID, OUR_ID) if name in found), None)
        if column is None or task.SCORE not in found:
            sys.exit(f"{path.name}: lacks {task.ID} or {task.SCORE}")
        # Ids may be read as numbers or as words.
        found = found.set_index(found[column].astype(str))[task.SCORE]
        ids = truth[task.ID].astype(str)
        if not found.index.is_unique or len(found) != len(ids) or not found.index.isin(ids).all():
            sys.exit(f"{path.name}: does not score each of the {len(ids):,} test rows once")
        values = found.loc[ids].to_numpy(float)
        if not np.all((values >= 0.0) & (values <= 1.0)):
            sys.exit(f"{path.name}: has scores that are no probabilities")
        probabilities.append(values)
    return probabilities


def seconds_inside(scores):
    """The seconds that a peer says its parts took, in words; nothing where it says none (mercer prints other things)."""
    try:
        printed = json.loads(scores.with_suffix(".stdout").read_text())
    except (OSError, json.JSONDecodeError):
        return ""
    seconds = printed.get("seconds", {}) if isinstance(printed, dict) else {}
    return ", ".join(f"{part} {taken:.2f}" for part, taken in seconds.items())


def bootstrap(targets, systems):
    """Each system's log-loss and AUC (means over folds) in every draw of rows; the same draws for all."""
    rng = np.random.default_rng(SEED)
    drawn = {name: np.zeros((DRAWS, 2)) for name in systems}
    for fold, target in enumerate(targets):
        rows = len(target)
        rankings = {name: Ranking(target, values[fold]) for name, values in systems.items()}
        row_losses = {name: losses(target, values[fold]) for name, values in systems.items()}
        for draw in range(DRAWS):
            weights = np.bincount(rng.integers(0, rows, rows), minlength=rows).astype(float)
            for name in systems:
                drawn[name][draw] += (row_losses[name] @ weights / rows, rankings[name].auc(weights))
    return {name: sums / len(targets) for name, sums in drawn.items()}


def with_intervals(by_fold, by_draw, decimals):
    """Cells of a difference: its mean over folds, Student's interval over folds, the bootstrap's interval."""
    mean, folds = by_fold.mean(), len(by_fold)
    student_cell = "–"
    if folds > 1:
        half = student.ppf(0.5 + LEVEL / 2.0, folds - 1) * by_fold.std(ddof=1) / np.sqrt(folds)
        student_cell = f"{mean - half:+.{decimals}f} to {mean + half:+.{decimals}f}"
    low, high = np.quantile(by_draw, [0.5 - LEVEL / 2.0, 0.5 + LEVEL / 2.0])
    return [f"{mean:+.{decimals}f}", student_cell, f"{low:+.{decimals}f} to {high:+.{decimals}f}"]


def table(header, rows):
    """A table in Markdown, its first column to the left."""
    lines = [header, ["---"] + ["---:"] * (len(header) - 1), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--input", type=Path, required=True)
    parser.add_argument("--folds", type=int, required=True)
    parser.add_argument("--settings", choices=["best", "equal"], required=True)
    parser.add_argument("outputs", type=Path, nargs="+", help="what stands before .N.parquet of a system's scores")
    arguments = parser.parse_args()
    truths = [pd.read_parquet(arguments.input / f"truth_{fold}.parquet") for fold in range(arguments.folds)]
    targets = [truth["target"].to_numpy() for truth in truths]
    systems = {path.stem: read_system(path, truths) for path in arguments.outputs}

    every = np.concatenate(targets)
    by_fold, rows = {}, []
    for name, values in systems.items():
        pairs = list(zip(targets, values, strict=True))
        by_fold[name] = np.array([(losses(*pair).mean(), Ranking(*pair).auc(np.ones(len(pair[0])))) for pair in pairs])
        (log_loss, auc), pooled = by_fold[name].mean(axis=0), np.concatenate(values)
        own_lift = np.mean([lift(*pair) for pair in pairs])
        error, slope = calibration_error(every, pooled), calibration_slope(every, pooled)
        rows.append([name, f"{auc:.4f}", f"{log_loss:.4f}", f"{error:.4f}", f"{slope:.3f}", f"{own_lift:.2f}"])
        if name == OURS and arguments.settings == "best" and not SLOPES[0] <= slope <= SLOPES[1]:
            sys.exit(f"mercer's calibration slope is {slope:.3f}")
    means = {name: figures.mean(axis=0) for name, figures in by_fold.items()}
    least_loss, highest_auc = min(mean[0] for mean in means.values()), max(mean[1] for mean in means.values())
    best = min(means, key=lambda name: means[name][0])
    if OURS in means and means[OURS][0] > least_loss + LOG_LOSS_TOLERANCE:
        sys.exit(f"mercer's log-loss is {means[OURS][0]:.4f}, that of {best} {least_loss:.4f}")
    if OURS in means and means[OURS][1] < highest_auc - AUC_TOLERANCE:
        sys.exit(f"mercer's AUC is {means[OURS][1]:.4f}, the highest {highest_auc:.4f}")

    inside = [f"{path.stem} {words}" for path in arguments.outputs if (words := seconds_inside(path))]
    ending = f". Seconds inside the last run's process: {'; '.join(inside)}" if inside else ""
    in_folds = f" in {arguments.folds} folds" if arguments.folds > 1 else ""
    rows_in_words = f"{len(every):,} test rows{in_folds}, {every.mean():.1%} positive"
    print(f"{rows_in_words}; the least log-loss is that of {best} ({least_loss:.4f}){ending}")
    print("\n" + table(["system", "AUC", "log-loss", "ECE", "calibration slope", "lift at 10 %"], rows))
    if OURS in systems and len(systems) > 1:
        drawn, differences = bootstrap(targets, systems), []
        for name in systems:
            if name != OURS:
                apart, apart_drawn = by_fold[name] - by_fold[OURS], drawn[name] - drawn[OURS]
                cells = [with_intervals(apart[:, column], apart_drawn[:, column], 4) for column in (0, 1)]
                differences.append([name, *cells[0], *cells[1]])
        header = ["less mercer's", "log-loss", "over folds", "over rows", "AUC", "over folds", "over rows"]
        print("\n" + table(header, differences))


if __name__ == "__main__":
    main()
