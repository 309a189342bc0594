"""Runs one command and writes what it took: `measure.py REPORT COMMAND…`.

The report is JSON: wall_seconds, cpu_seconds (user and system, all threads and children) and peak_bytes (the
largest resident set). One command per process, because the operating system keeps one peak for all children.
"""

import json
import resource
import subprocess
import sys
import time
from pathlib import Path


def main():
    report, *command = sys.argv[1:]
    started = time.perf_counter()
    status = subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode
    wall = time.perf_counter() - started
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    unit = 1 if sys.platform == "darwin" else 1024  # ru_maxrss is in bytes there and in kilobytes here
    figures = {
        "wall_seconds": wall,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "peak_bytes": usage.ru_maxrss * unit,
    }
    Path(report).write_text(json.dumps(figures))
    sys.exit(status)


if __name__ == "__main__":
    main()
