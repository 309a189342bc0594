"""The task of every peer: read the paths, divide the conversions and their value by a Markov chain of order 1, write the credit.

The credit is written as mercer's model has it. Beside that a peer prints one line of JSON: how many seconds each part took inside
its process, for a reader who wonders what start-up costs.
"""

import argparse
import json
import time
from pathlib import Path


class Clock:
    """Seconds since the last part ended, by part."""

    def __init__(self):
        self.seconds = {}
        self.last = time.perf_counter()

    def end_of(self, part):
        now = time.perf_counter()
        self.seconds[part] = round(now - self.last, 3)
        self.last = now


def run_channelattribution(**settings):
    """ChannelAttribution's `markov_model` with its default settings (a seed among them), but for `settings` and the threads."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--input", type=Path, required=True, help="file of paths")
    parser.add_argument("--credit", type=Path, required=True, help="JSON file to write")
    parser.add_argument("--threads", type=int, required=True)
    found, clock = parser.parse_args(), Clock()
    import pandas as pd
    from ChannelAttribution import markov_model

    clock.end_of("import")
    paths = pd.read_csv(found.input, sep=";")
    clock.end_of("read")
    result = markov_model(
        paths,
        "path",
        "total_conversions",
        var_value="total_conversion_value",
        var_null="total_null",
        order=1,
        ncore=found.threads,
        verbose=False,
        flg_pro=False,
        **settings,
    )
    clock.end_of("fit")
    columns = (result["channel_name"], result["total_conversions"], result["total_conversion_value"])
    channels = [
        {"channel": channel, "conversions": float(conversions), "value": float(value)}
        for channel, conversions, value in zip(*columns, strict=True)
    ]
    found.credit.write_text(json.dumps({"model": {"channels": channels}}))
    clock.end_of("write")
    print(json.dumps({"seconds": clock.seconds}))
