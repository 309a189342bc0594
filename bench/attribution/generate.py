"""Writes the simulated input of the attribution bench: a million journeys over twelve channels, one row each, as paths.csv.

The columns are those of ChannelAttribution's example. A journey starts at a channel and goes on from each by a chain whose
probabilities are drawn once: to another channel, to a conversion or to its end. Channels are as unequal as they are in practice
(the k-th starts journeys in proportion to 1 / k², so that the last ones are rare), and are returned to. A conversion is worth a
log-normal amount, the same on average after every channel. The same scale and seed give the same rows.
"""

import argparse
from pathlib import Path

import numpy as np

JOURNEYS, SEED = 1_000_000, 42
CHANNELS = [
    "search", "social", "email", "display", "affiliate", "video", "referral", "retargeting", "push", "sms", "podcast", "partner",
]
# Steps after which a journey that goes on all the same ends; the probability of so many is below 1e-12.
LONGEST = 100


def chain(rng):
    """Probabilities of the first channel and, from each channel, of the next one, of a conversion and of the end."""
    size = len(CHANNELS)
    popularity = 1.0 / np.arange(1, size + 1) ** 2
    start = popularity / popularity.sum()
    onwards = popularity * rng.gamma(2.0, 0.5, (size, size))
    onwards /= onwards.sum(axis=1, keepdims=True)
    converts = rng.uniform(0.01, 0.12, size)
    ends = rng.uniform(0.25, 0.55, size)
    going_on = onwards * (1.0 - converts - ends)[:, None]
    return start, np.column_stack([going_on, converts, ends])


def journeys(rng, count):
    """The channels of each journey, one column a step (-1 after its end), and whether it converted."""
    size = len(CHANNELS)
    start, steps = chain(rng)
    cumulative = np.cumsum(steps, axis=1)
    # A draw above a sum of probabilities that is short of 1 by rounding must still end the journey.
    cumulative[:, -1] = 1.0
    first = np.minimum(np.searchsorted(np.cumsum(start), rng.random(count), side="right"), size - 1)
    touches, converted = [first], np.zeros(count, bool)
    active, at = np.arange(count), first
    for _ in range(LONGEST - 1):
        following = (rng.random(len(at))[:, None] >= cumulative[at]).sum(axis=1)
        converted[active[following == size]] = True
        stays = following < size
        active, at = active[stays], following[stays]
        column = np.full(count, -1)
        column[active] = at
        touches.append(column)
        if len(active) == 0:
            break
    return np.column_stack(touches), converted


def generate(folder, scale, seed):
    """Writes the input into `folder` and prints what it is."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    count = int(JOURNEYS * scale)
    touches, converted = journeys(rng, count)
    values = np.where(converted, rng.lognormal(4.0, 0.6, count), 0.0)
    with (folder / "paths.csv").open("w") as file:
        file.write("path;total_conversions;total_conversion_value;total_null\n")
        for row, converts, value in zip(touches.tolist(), converted.tolist(), values.tolist(), strict=True):
            path = " > ".join(CHANNELS[channel] for channel in row if channel >= 0)
            file.write(f"{path};{int(converts)};{value:.2f};{int(not converts)}\n")
    print(f"{count:,} simulated journeys over {len(CHANNELS)} channels, {int(converted.sum()):,} of which converted")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", type=Path, required=True, help="folder to write the input into")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the published size")
    parser.add_argument("--seed", type=int, default=SEED)
    arguments = parser.parse_args()
    generate(arguments.tables, arguments.scale, arguments.seed)
