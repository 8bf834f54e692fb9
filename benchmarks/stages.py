"""Time each stage on one core: CPU milliseconds per MB of text, the smallest of a few runs.

    POLARS_MAX_THREADS=1 python benchmarks/stages.py ../shared/data/throughput_mixed.parquet --rows 8000

The budget of docs/design.md is printed beside each figure.
"""

from __future__ import annotations

import argparse
import os
import time

os.environ.setdefault("POLARS_MAX_THREADS", "1")

import polars as pl

from cleanse import dedupe, load_rules, pipeline
from cleanse.passes.cleaning import _tables

BUDGET = {"encoding": 8, "language": 8, "lines": 16, "quality": 6, "signature": 6}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("file")
    parser.add_argument("--rows", type=int, default=8000)
    parser.add_argument("--runs", type=int, default=2)
    parser.add_argument("--stage", action="append")
    arguments = parser.parse_args()
    documents = pl.read_parquet(arguments.file, columns=["id", "text"]).with_columns(source=pl.lit(""))
    documents = documents.sample(min(arguments.rows, documents.height), seed=1)
    megabytes = documents["text"].str.len_bytes().sum() / 1e6
    rules = load_rules()
    prepared = pipeline.Prepared.of(rules.select(), rules)
    parameters = dedupe.Parameters.of(rules.select(), rules)
    best: dict[str, float] = {}
    for _ in range(arguments.runs + 1):  # the first warms caches and compiles kernels
        frame = documents
        for name, stage in pipeline.STAGES.items():
            clock = time.process_time()
            frame = stage(frame.lazy(), prepared).collect()
            best[name] = min(best.get(name, 1e9), time.process_time() - clock)
        clock = time.process_time()
        done = pipeline.finish(frame).with_row_index("doc")
        _tables(done)
        best["tables"] = min(best.get("tables", 1e9), time.process_time() - clock)
        clock = time.process_time()
        dedupe.sign_documents(frame["clean"], parameters)
        best["signature"] = min(best.get("signature", 1e9), time.process_time() - clock)
    print(f"{documents.height} documents, {megabytes:.1f} MB")
    for name, seconds in best.items():
        budget = f"   (budget {BUDGET[name]})" if name in BUDGET else ""
        print(f"{name:12} {seconds * 1000 / megabytes:7.2f} ms/MB{budget}")
    print(f"{'sum':12} {sum(best.values()) * 1000 / megabytes:7.2f} ms/MB")


if __name__ == "__main__":
    main()
