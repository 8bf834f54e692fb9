"""Time how long the page of a finished OUT takes, and weigh it: seconds of wall clock and of CPU, and bytes.

    cleanse run ../shared/data/throughput_mixed.parquet /tmp/out.parquet
    python benchmarks/report.py /tmp/out.parquet

The page is made anew from OUT and its tables, as `cleanse report OUT` does. The limits are 5 seconds and 5 MB for 142 MB of input.
"""

from __future__ import annotations

import argparse
import time

from cleanse.report.page import rebuild_page


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("out")
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    for _ in range(arguments.runs):
        wall, cpu = time.perf_counter(), time.process_time()
        page = rebuild_page(arguments.out)
        print(
            f"{time.perf_counter() - wall:.2f} s, {time.process_time() - cpu:.2f} s of CPU, {page.stat().st_size:,} bytes"
        )


if __name__ == "__main__":
    main()
