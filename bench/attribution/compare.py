"""The independent scorer of the attribution bench: how far is each system's credit from the exact solution of the chain?

The chain of order 1 is counted from the paths. Its states are the channels; from each a journey goes to another channel, to a
conversion or to its end. With the transitions Q between channels, the first touches s and the conversion probabilities r, a journey
converts with probability s (I - Q)⁻¹ r, solved densely by numpy. Without a channel, its row, its column and its place in s and r
are empty; the share of the conversions that is lost is its removal effect, and effects in proportion divide all conversions. Of value
the same, with r the mean value that follows a touch of the channel at once (Anderl et al. 2016, International Journal of Research
in Marketing 33, 457–474). A step from a channel to itself changes nothing: it is left out of Q.

Tells each system's largest relative and absolute error over the channels, and of value the largest relative one. Mercer's must be
below one in a million (exit 1).
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd

OURS = "mercer"
# Mercer writes sums of as many as a million numbers; both solve systems of a few well-conditioned equations.
MOST_ERROR = 1e-6


def counted(path):
    """Channels, their first touches, steps between channels, what follows a last touch (conversions, value), and visits that go on."""
    rows = pd.read_csv(path, sep=";").groupby("path", as_index=False).sum()
    touches = rows["path"].str.split(">").map(lambda names: [name.strip() for name in names])
    channels = sorted({name for names in touches for name in names})
    place = {name: index for index, name in enumerate(channels)}
    size = len(channels)
    start, steps, ends, leaving = np.zeros(size), np.zeros((size, size)), np.zeros((size, 2)), np.zeros(size)
    amounts = rows[["total_conversions", "total_conversion_value", "total_null"]].to_numpy(np.float64)
    for names, (conversions, value, nulls) in zip(touches, amounts, strict=True):
        codes, journeys = [place[name] for name in names], conversions + nulls
        start[codes[0]] += journeys
        for one, other in zip(codes, codes[1:]):
            if one != other:
                steps[one, other] += journeys
                leaving[one] += journeys
        leaving[codes[-1]] += journeys
        ends[codes[-1]] += (conversions, value)
    return channels, start, steps, ends, leaving


def exact(path):
    """Conversions and value of every channel, in the order of their names."""
    channels, start, steps, ends, leaving = counted(path)
    going, earning = steps / leaving[:, None], ends / leaving[:, None]

    def earned(kept):
        among = np.ix_(kept, kept)
        return start[kept] @ np.linalg.solve(np.eye(len(kept)) - going[among], earning[kept])

    size = len(channels)
    whole = earned(np.arange(size))
    lost = np.array([1.0 - earned(np.delete(np.arange(size), channel)) / whole for channel in range(size)])
    return channels, lost / lost.sum(axis=0) * ends.sum(axis=0)


def read(path, channels):
    """A system's conversions and value in the order of `channels`."""
    credit = {row["channel"]: (row["conversions"], row["value"]) for row in json.loads(path.read_text())["model"]["channels"]}
    if sorted(credit) != channels:
        sys.exit(f"{path.name}: its channels are not those of the input")
    return np.array([credit[channel] for channel in channels])


def seconds_inside(path):
    """The seconds that a peer says its parts took, in words; nothing where it says none (mercer prints other things)."""
    try:
        # The package prints of itself first.
        printed = json.loads(path.with_suffix(".stdout").read_text().splitlines()[-1])
    except (OSError, IndexError, json.JSONDecodeError):
        return ""
    seconds = printed.get("seconds", {}) if isinstance(printed, dict) else {}
    return ", ".join(f"{part} {taken:.2f}" for part, taken in seconds.items())


def told(error):
    """A relative error in per cent, or how small it is."""
    return f"{100.0 * error:.2f} %" if error >= 5e-5 else f"{error:.0e}"


def table(header, rows):
    """A table in Markdown, its first column to the left."""
    lines = [header, ["---"] + ["---:"] * (len(header) - 1), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--input", type=Path, required=True)
    parser.add_argument("outputs", type=Path, nargs="+", help="a system's credit")
    arguments = parser.parse_args()
    channels, truth = exact(arguments.input)
    rows = []
    for path in arguments.outputs:
        apart = np.abs(read(path, channels) - truth)
        relative = (apart / truth).max(axis=0)
        worst = int((apart / truth)[:, 0].argmax())
        if path.stem == OURS and not relative.max() < MOST_ERROR:
            sys.exit(f"mercer's credit is off by {relative.max():.1e} of that of a channel")
        rows.append(
            [
                path.stem,
                f"{told(relative[0])} ({channels[worst]}, {truth[worst, 0]:.1f})",
                f"{apart[:, 0].max():.3g}",
                told(relative[1]),
            ]
        )
    inside = [f"{path.stem} {parts}" for path in arguments.outputs if (parts := seconds_inside(path))]
    ending = f". Seconds inside the last run's process: {'; '.join(inside)}" if inside else ""
    print(f"exact solution of {len(channels)} channels that earned {truth[:, 0].sum():,.0f} conversions{ending}")
    header = ["system", "largest relative error (channel, conversions)", "largest error, conversions", "of value, relative"]
    print("\n" + table(header, rows))


if __name__ == "__main__":
    main()
