"""Judge near duplicates: who is dropped and who stays against all pairs computed exactly, and CPU time beside other tools.

    POLARS_MAX_THREADS=1 python benchmarks/dedupe.py quality --data ../shared/data
    POLARS_MAX_THREADS=1 python benchmarks/dedupe.py speed --data ../shared/data [--peers PYTHON]
    POLARS_MAX_THREADS=1 python benchmarks/dedupe.py scale --documents 1000000

`quality` compares every two texts of `dedupe_extractors_docs.jsonl`, across pages too. `speed` reads texts of
`throughput_mixed.parquet`, signs them and finds duplicates in one process; with `--peers` the Python of another environment
that has `datasketch` and `rensa` does the same with the same tokens, made in Python, on a sample. `scale` makes texts of 100
words of which one in ten copies the one before it but for two words, and says what the search costs and how many copies it finds.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import time
from pathlib import Path

os.environ.setdefault("POLARS_MAX_THREADS", "1")

import numpy as np
import polars as pl

from cleanse import dedupe, kernels, load_rules

PEERS = r"""
import json, sys, time, re
texts, shingle, perms, seed = json.load(sys.stdin)
TOKEN = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]|[^\W_]+")
def shingles(text):
    tokens = TOKEN.findall(text.lower())
    return {" ".join(tokens[i : i + shingle]) for i in range(len(tokens) - shingle + 1)}
def rensa():
    from rensa import RMinHash, RMinHashLSH
    lsh = RMinHashLSH(threshold=0.8, num_perm=perms, num_bands=perms // 5)
    dropped = 0
    for number, text in enumerate(texts):
        minhash = RMinHash(num_perm=perms, seed=seed)
        minhash.update(list(shingles(text)))
        if any(other != number for other in lsh.query(minhash)):
            dropped += 1
        lsh.insert(number, minhash)
    return dropped
def datasketch():
    from datasketch import MinHash, MinHashLSH
    lsh = MinHashLSH(params=(perms // 5, 5), num_perm=perms)
    dropped = 0
    for number, text in enumerate(texts):
        minhash = MinHash(num_perm=perms, seed=seed)
        minhash.update_batch([part.encode() for part in shingles(text)])
        dropped += bool(lsh.query(minhash))
        lsh.insert(number, minhash)
    return dropped
for tool in (rensa, datasketch):
    clock = time.process_time()
    try:
        dropped = tool()
        print(json.dumps([tool.__name__, time.process_time() - clock, dropped]))
    except Exception as error:
        print(json.dumps([tool.__name__, None, repr(error)]))
"""


def find(texts: pl.Series, ids: pl.Series, parameters: dedupe.Parameters) -> tuple[dedupe.Outcome, float, float]:
    """Sign texts and find duplicates; give the outcome, and CPU seconds of both steps."""
    clock = time.process_time()
    signed = dedupe.sign_documents(texts, parameters)
    signing = time.process_time() - clock
    signed = signed.with_columns(
        number=pl.int_range(len(texts), dtype=pl.UInt32, eager=True), id=ids, length=texts.str.len_chars()
    )
    outcome = dedupe.find_duplicates(signed, texts.gather, parameters)
    return outcome, signing, time.process_time() - clock


def judge_quality(data: Path, parameters: dedupe.Parameters) -> None:
    rows = [json.loads(line) for line in (data / "dedupe_extractors_docs.jsonl").read_text("utf-8").strip().split("\n")]
    texts, ids = pl.Series([row["text"] for row in rows]), pl.Series([row["id"] for row in rows])
    outcome, _, _ = find(texts, ids, parameters)
    content, offsets = kernels.buffers(texts)
    sets, starts = kernels.shingle_sets(content, offsets, *kernels.token_tables(), parameters.shingle)
    left, right = np.triu_indices(len(texts), 1)
    exact = kernels.jaccard(sets, starts, left.astype(np.int64), right.astype(np.int64))
    twins = dict(outcome.decisions.select("number", "kept").iter_rows())
    near = outcome.decisions.filter(pl.col("reason") == dedupe.NEAR)
    own = kernels.jaccard(sets, starts, *(near[name].to_numpy().astype(np.int64) for name in ("number", "kept")))
    both = [
        (a, b) for a, b in zip(left[exact >= parameters.threshold], right[exact >= parameters.threshold], strict=True)
    ]
    missed = [pair for pair in both if pair[0] not in twins and pair[1] not in twins]
    print(f"{len(texts)} texts, {len(both)} pairs at or above {parameters.threshold}, {outcome.candidates} compared")
    print(f"dropped {len(twins)}, {near.height} of them as near; of these with a kept twin at or above: "
          f"{int((own >= parameters.threshold).sum())}; twins that are dropped themselves: "
          f"{sum(kept in twins for kept in twins.values())}")  # fmt: skip
    print(f"pairs of which both are kept: {len(missed)} ({100 * len(missed) / max(1, len(both)):.2f} %)")


def judge_speed(data: Path, parameters: dedupe.Parameters, peers: str | None, sample: int) -> None:
    every = pl.read_parquet(data / "throughput_mixed.parquet", columns=["id", "text"])
    find(every["text"].head(100), every["id"].head(100).cast(pl.String), parameters)  # compiles the kernels
    clock = time.process_time()
    every["text"].str.to_lowercase()
    lower = time.process_time() - clock
    few = every.sample(min(sample, every.height), seed=1)
    for name, frame in (("all", every), ("sample", few)):
        megabytes = frame["text"].str.len_bytes().sum() / 1e6
        outcome, signing, whole = find(frame["text"], frame["id"].cast(pl.String), parameters)
        print(
            f"cleanse, {name} ({megabytes:.1f} MB): signatures {megabytes / signing:.0f} MB/s, "
            f"whole {1000 * whole / megabytes:.1f} ms/MB, dropped {outcome.decisions.height}"
        )
    print(f"to_lowercase in the same run: {every['text'].str.len_bytes().sum() / 1e6 / lower:.0f} MB/s")
    if peers:
        given = json.dumps(
            [few["text"].to_list(), parameters.shingle, parameters.bands * parameters.rows, parameters.seed]
        )
        done = subprocess.run([peers, "-c", PEERS], input=given, capture_output=True, text=True, check=True)
        for line in done.stdout.splitlines():
            tool, seconds, dropped = json.loads(line)
            figure = f"{seconds:.2f} s, {seconds / whole:.0f} times as long, dropped {dropped}" if seconds else dropped
            print(f"{tool}, the same sample: {figure}")


def make_texts(numbers: np.ndarray) -> pl.Series:
    """Make the text of each number: 100 words; where the number ends in 9, those of the number before but for two."""
    texts = []
    for number in numbers.tolist():
        copies = number % 10 == 9
        words = np.random.default_rng(number - copies).integers(0, 50_000, 100)
        if copies:
            words[[20, 21]] = np.random.default_rng(number).integers(50_000, 100_000, 2)
        texts.append(" ".join(map("w{}".format, words.tolist())))
    return pl.Series(texts, dtype=pl.String)


def judge_scale(count: int, parameters: dedupe.Parameters) -> None:
    frames = []
    for start in range(0, count, 20_000):
        numbers = np.arange(start, min(count, start + 20_000))
        texts = make_texts(numbers)
        frames.append(
            dedupe.sign_documents(texts, parameters).with_columns(
                number=pl.Series(numbers, dtype=pl.UInt32),
                id=pl.Series([f"{number:09}" for number in numbers.tolist()]),
                length=texts.str.len_chars(),
            )
        )
    signed = pl.concat(frames)
    frames.clear()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    making = 0.0

    def load(numbers: pl.Series) -> pl.Series:
        nonlocal making
        clock = time.process_time()
        texts = make_texts(numbers.to_numpy())
        making += time.process_time() - clock
        return texts

    clock = time.process_time()
    outcome = dedupe.find_duplicates(signed, load, parameters)
    seconds = time.process_time() - clock - making
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(
        f"{count} documents: resolved in {seconds:.1f} s of CPU, peak {after:.2f} GB (before it {before:.2f} GB); planted {count // 10}, "
        f"dropped {outcome.decisions.height} ({100 * outcome.decisions.height / (count // 10):.2f} %)"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=["quality", "speed", "scale"])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--peers", help="Python of an environment with datasketch and rensa")
    parser.add_argument("--sample", type=int, default=3000)
    parser.add_argument("--documents", type=int, default=1_000_000)
    arguments = parser.parse_args()
    rules = load_rules()
    parameters = dedupe.Parameters.of(rules, rules)
    if arguments.part == "quality":
        judge_quality(arguments.data, parameters)
    elif arguments.part == "scale":
        judge_scale(arguments.documents, parameters)
    else:
        judge_speed(arguments.data, parameters, arguments.peers, arguments.sample)


if __name__ == "__main__":
    main()
