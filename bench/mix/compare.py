"""The independent scorer of the mix bench: do the systems find the same posterior, and does it hold the truth?

Reads every system's summary. Tells the means and 90 % intervals of the unknowns whose truth is known, the fewest effective draws, and
by how many Monte Carlo errors of both mercer's means differ from the peer's: more than four is a failure (exit 1), for with ten
figures three would be passed by chance now and then.
"""

import argparse
import json
import sys
from pathlib import Path

OURS = "mercer"
MOST_ERRORS = 4.0
# How the example was made (pymc-marketing's documentation).
TRUTH = {
    "adstock_alpha[x1]": 0.4,
    "adstock_alpha[x2]": 0.2,
    "saturation_lam[x1]": 4.0,
    "saturation_lam[x2]": 3.0,
    "share of x1": 0.2905,
    "share of x2": 0.0697,
}


def read(path):
    """The figures of a system by name, and its fewest effective draws."""
    model = json.loads(path.read_text())["model"]
    figures = dict(model["parameters"])
    figures.update({f"share of {channel}": share for channel, share in model["contribution_share"].items()})
    fewest = min(found["ess_bulk"] for found in model["parameters"].values() if found.get("ess_bulk"))
    return figures, fewest


def seconds_inside(path):
    """The seconds that a peer says its parts took, in words; nothing where it says none."""
    try:
        printed = json.loads(path.with_suffix(".stdout").read_text())
    except (OSError, json.JSONDecodeError):
        return ""
    seconds = printed.get("seconds", {}) if isinstance(printed, dict) else {}
    return ", ".join(f"{part} {taken:.2f}" for part, taken in seconds.items())


def table(header, rows):
    """A table in Markdown, its first column to the left."""
    lines = [header, ["---"] + ["---:"] * (len(header) - 1), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--input", type=Path, required=True)
    parser.add_argument("outputs", type=Path, nargs="+", help="a system's summary")
    arguments = parser.parse_args()
    systems = {path.stem: read(path) for path in arguments.outputs}
    if OURS in systems:
        ours = systems[OURS][0]
        for name, (figures, _) in systems.items():
            for figure in TRUTH if name != OURS else ():
                # Of shares mercer tells no Monte Carlo error; that of the peer stands for both.
                one, other = ours[figure], figures[figure]
                errors = [found.get("mcse_mean") or other["mcse_mean"] for found in (one, other)]
                apart = abs(one["mean"] - other["mean"]) / max((errors[0] ** 2 + errors[1] ** 2) ** 0.5, 1e-12)
                if apart > MOST_ERRORS:
                    sys.exit(f"{figure}: mercer finds {one['mean']:.4f} and {name} {other['mean']:.4f}, {apart:.1f} errors apart")
    inside = [f"{path.stem} {told}" for path in arguments.outputs if (told := seconds_inside(path))]
    ending = f". Seconds inside the last run's process: {'; '.join(inside)}" if inside else ""
    fewest = ", ".join(f"{name} {few:.0f}" for name, (_, few) in systems.items())
    print(f"the fewest effective draws of any unknown: {fewest}{ending}")
    rows = []
    for figure, truth in TRUTH.items():
        cells = [figure, f"{truth:.4f}"]
        for figures, _ in systems.values():
            found = figures[figure]
            cells.append(f"{found['mean']:.4f} ({found['hdi_90'][0]:.4f} to {found['hdi_90'][1]:.4f})")
        rows.append(cells)
    print("\n" + table(["unknown", "truth", *systems], rows))


if __name__ == "__main__":
    main()
