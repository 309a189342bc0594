"""Writes the input of the mix bench: pymc-marketing's example as it is, one folder with weeks.csv.

Left out where the reference data is missing. Nothing is drawn, so that a seed has no use; `--scale` is taken and has none either.
"""

import argparse
import os
import shutil
from pathlib import Path

DATA = Path(os.environ.get("MERCER_DATA") or Path(__file__).resolve().parents[3] / "shared" / "data")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", type=Path, required=True, help="folder to write the inputs into")
    parser.add_argument("--scale", type=float, default=1.0, help="without effect: the table is real")
    arguments = parser.parse_args()
    source = DATA / "mmm_pymc" / "mmm_example.csv"
    if not source.exists():
        print(f"skipped: {source.name} is not here (set MERCER_DATA)")
        return
    folder = arguments.tables / "example"
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, folder / "weeks.csv")
    print("example: 179 weeks of two channels")


if __name__ == "__main__":
    main()
