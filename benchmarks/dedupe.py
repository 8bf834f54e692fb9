"""Judge near duplicates: who is dropped and who stays against all pairs computed exactly, and CPU time beside other tools.

    POLARS_MAX_THREADS=1 python benchmarks/dedupe.py quality --data ../shared/data [--peers PYTHON...]
    POLARS_MAX_THREADS=1 python benchmarks/dedupe.py speed --data ../shared/data [--peers PYTHON...]
    POLARS_MAX_THREADS=1 python benchmarks/dedupe.py scale --documents 1000000

`quality` compares every two texts of `dedupe_extractors_docs.jsonl`, across pages too. `speed` reads texts of
`throughput_mixed.parquet`, signs them and finds duplicates in one process. With `--peers` the tools of other environments
(`peers/dedupe.py` names them) do the same: on all texts for `quality`, on a sample for `speed`. `scale` makes texts of 100
words of which one in ten copies the one before it but for two words, and says what the search costs and how many copies it finds.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

os.environ.setdefault("POLARS_MAX_THREADS", "1")

import numpy as np
import polars as pl

from cleanse import dedupe, kernels, load_rules

RUNS = 3
PEERS = Path(__file__).parent / "peers" / "dedupe.py"


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


def ask_peers(
    texts: pl.Series, parameters: dedupe.Parameters, peers: list[str], *, variants: bool
) -> Iterator[dict[str, Any]]:
    """Let the tools of other environments find near duplicates; give what they print: tool, version, seconds, dropped.

    Without `variants` each tool runs once with our bands, or with its own where it takes no others.
    """
    asked = {name: getattr(parameters, name) for name in ("shingle", "bands", "rows", "seed", "threshold")}
    given = json.dumps({"texts": texts.to_list(), "variants": variants, **asked})
    for python in peers:
        done = subprocess.run([python, PEERS], input=given, stdout=subprocess.PIPE, text=True, check=True)
        yield from map(json.loads, done.stdout.splitlines())


def judge_quality(data: Path, parameters: dedupe.Parameters, peers: list[str]) -> None:
    rows = [json.loads(line) for line in (data / "dedupe_extractors_docs.jsonl").read_text("utf-8").strip().split("\n")]
    texts, ids = pl.Series([row["text"] for row in rows]), pl.Series([row["id"] for row in rows])
    outcome, _, _ = find(texts, ids, parameters)
    content, offsets = kernels.buffers(texts)
    sets, starts = kernels.shingle_sets(content, offsets, *kernels.token_tables(), parameters.shingle)
    left, right = np.triu_indices(len(texts), 1)
    exact = kernels.jaccard(sets, starts, left.astype(np.int64), right.astype(np.int64))
    near = np.zeros((len(texts), len(texts)), dtype=np.bool_)
    near[left, right] = near[right, left] = exact >= parameters.threshold
    twins = dict(outcome.decisions.select("number", "kept").iter_rows())
    alike = outcome.decisions.filter(pl.col("reason") == dedupe.NEAR)
    own = near[alike["number"].to_numpy(), alike["kept"].to_numpy()]
    print(f"{len(texts)} texts, {near.sum() // 2} pairs at or above {parameters.threshold}, {outcome.candidates} compared; "
          f"of {alike.height} dropped as near, {own.sum()} with the kept twin they name at or above; "
          f"twins that are dropped themselves: {sum(kept in twins for kept in twins.values())}\n")  # fmt: skip
    print("| tool | dropped | of these, a kept text is at or above | pairs at or above of which both are kept |")
    print("|---|--:|--:|--:|")
    # A text with fewer words than a shingle has no similarity; what is equal to a kept one has a twin all the same.
    folded = dedupe.sign_documents(texts, parameters)["folded_0"].to_numpy()
    near |= (folded[:, None] == folded) & ~np.eye(len(texts), dtype=np.bool_)
    told = [{"tool": "cleanse", "version": version("cleanse"), "dropped": list(twins)}]
    for peer in [*told, *ask_peers(texts, parameters, peers, variants=True)]:
        kept = np.ones(len(texts), dtype=np.bool_)
        kept[peer["dropped"]] = False
        proven = near[:, kept].any(axis=1) & ~kept
        both = int(near[np.ix_(kept, kept)].sum()) // 2
        name, _, variant = peer["tool"].partition(",")
        print(f"| {name} {peer['version']}{variant and ',' + variant} | {(~kept).sum()} | {proven.sum()} ({100 * proven.sum() / (~kept).sum():.1f} %) "
              f"| {both} ({200 * both / near.sum():.2f} %) |")  # fmt: skip


def judge_speed(data: Path, parameters: dedupe.Parameters, peers: list[str], sample: int) -> None:
    every = pl.read_parquet(data / "throughput_mixed.parquet", columns=["id", "text"])
    find(every["text"].head(100), every["id"].head(100).cast(pl.String), parameters)  # compiles the kernels
    clock = time.process_time()
    every["text"].str.to_lowercase()
    lower = time.process_time() - clock
    few = every.sample(min(sample, every.height), seed=1)
    best = float("inf")

    def time_sample() -> None:
        nonlocal best
        best = min(best, *(find(few["text"], few["id"].cast(pl.String), parameters)[2] for _ in range(RUNS)))

    for name, frame in (("all", every), ("sample", few)):
        megabytes = frame["text"].str.len_bytes().sum() / 1e6
        outcome, signing, whole = find(frame["text"], frame["id"].cast(pl.String), parameters)
        print(
            f"cleanse, {name} ({megabytes:.1f} MB): signatures {megabytes / signing:.0f} MB/s, "
            f"whole {1000 * whole / megabytes:.1f} ms/MB, dropped {outcome.decisions.height}"
        )
    print(f"to_lowercase in the same run: {every['text'].str.len_bytes().sum() / 1e6 / lower:.0f} MB/s")
    time_sample()
    told = []
    for python in peers:
        told += ask_peers(few["text"], parameters, [python], variants=False)
        time_sample()  # between the others, since the speed of the machine changes
    print(f"cleanse, sample again, best of {RUNS * (len(peers) + 1)}: {best:.3f} s of CPU")
    for peer in told:
        print(
            f"{peer['tool']} {peer['version']}, the same sample: {peer['seconds']:.2f} s of CPU, "
            f"{peer['seconds'] / best:.0f} times as long, dropped {len(peer['dropped'])}"
        )


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
    parser.add_argument("--peers", nargs="*", default=[], help="Pythons of environments that peers/dedupe.py names")
    parser.add_argument("--sample", type=int, default=3000)
    parser.add_argument("--documents", type=int, default=1_000_000)
    arguments = parser.parse_args()
    rules = load_rules()
    parameters = dedupe.Parameters.of(rules, rules)
    if arguments.part == "quality":
        judge_quality(arguments.data, parameters, arguments.peers)
    elif arguments.part == "scale":
        judge_scale(arguments.documents, parameters)
    else:
        judge_speed(arguments.data, parameters, arguments.peers, arguments.sample)


if __name__ == "__main__":
    main()
