"""Time the measures alone on one core: CPU milliseconds per MB of text, the smallest of a few runs.

    POLARS_MAX_THREADS=1 python benchmarks/measures.py ../shared/data/throughput_mixed.parquet --rows 8000

Polars' `to_lowercase` on the same texts calibrates the figure: the budget assumes that it runs at 700 MB/s.
"""

from __future__ import annotations

import argparse
import os
import time

os.environ.setdefault("POLARS_MAX_THREADS", "1")

import polars as pl

from cleanse import load_rules, quality

ASSUMED = 700


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("file")
    parser.add_argument("--rows", type=int, default=8000)
    parser.add_argument("--runs", type=int, default=5)
    arguments = parser.parse_args()
    texts = pl.read_parquet(arguments.file, columns=["lang", "text"])
    texts = texts.sample(min(arguments.rows, texts.height), seed=1).rename({"lang": "language", "text": "clean"})
    megabytes = texts["clean"].str.len_bytes().sum() / 1e6
    parameters = quality.Parameters.of(load_rules())
    measuring = lowering = float("inf")
    for _ in range(arguments.runs + 1):  # the first compiles the kernels
        clock = time.process_time()
        quality.measure_documents(texts.lazy(), parameters).collect()
        measuring = min(measuring, time.process_time() - clock)
        clock = time.process_time()
        texts["clean"].str.to_lowercase()
        lowering = min(lowering, time.process_time() - clock)
    raw, speed = measuring * 1000 / megabytes, megabytes / lowering
    print(f"{texts.height} documents, {megabytes:.1f} MB; to_lowercase {speed:.0f} MB/s")
    print(f"measures {raw:.1f} ms/MB, calibrated {raw * speed / ASSUMED:.1f} ms/MB")


if __name__ == "__main__":
    main()
