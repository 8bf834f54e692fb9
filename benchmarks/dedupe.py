"""Judge near duplicates: who is dropped and who stays against all pairs computed exactly, and CPU time beside other tools.

    POLARS_MAX_THREADS=1 python benchmarks/dedupe.py quality --data ../shared/data [--peers PYTHON...]
    POLARS_MAX_THREADS=1 python benchmarks/dedupe.py speed --data ../shared/data [--peers PYTHON...]
    POLARS_MAX_THREADS=1 python benchmarks/dedupe.py scale --documents 1000000 2000000 4000000

`quality` compares every two texts of `dedupe_extractors_docs.jsonl`, across pages too. `speed` reads texts of
`throughput_mixed.parquet`, signs them and finds duplicates in one process. With `--peers` the tools of other environments
(`peers/dedupe.py` names them) do the same: on all texts for `quality`, on a sample for `speed`. `scale` writes the
work folder of so many texts of about 100 words, of which one in ten (or `--copies`) copies the one before it but for two words; then each number
of documents is resolved twice by a process that does nothing else, and it says what the faster one took and how many copies are found.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

os.environ.setdefault("POLARS_MAX_THREADS", "1")

import numpy as np
import polars as pl

from cleanse import dedupe, load_rules
from cleanse.files import Columns, store
from cleanse.kernels import text as kernels
from cleanse.passes import cleaning, resolving

PART_ROWS = 20_000

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
    sets, starts = kernels.shingle_sets(content, offsets, *parameters.tables, parameters.shingle)
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


def make_texts(numbers: range, copies: int) -> pl.Series:
    """Make the text of each number: 80 to 120 words; the last `copies` of ten have those of the one before them but for two."""
    generator = np.random.default_rng(numbers.start)
    words = generator.integers(0, 50_000, (len(numbers), 120))
    counts = generator.integers(80, 121, len(numbers))
    places = np.arange(len(numbers))  # the first number is a multiple of ten
    copied = np.flatnonzero(places % 10 >= 10 - copies)
    sources = copied // 10 * 10 + 9 - copies
    words[copied], counts[copied] = words[sources], counts[sources]
    words[copied, 20:22] = generator.integers(50_000, 100_000, (len(copied), 2))
    spelled = np.full((100_000, 7), ord(" "), dtype=np.uint8)
    for place in range(6):
        spelled[:, place] = ord("a") + np.arange(100_000) * 7919 // 26**place % 26
    content = spelled[words[np.arange(120) < counts[:, None]]].reshape(-1)
    return kernels.as_texts(content, np.concatenate([[0], 7 * np.cumsum(counts)]))


def expect_recall(parameters: dedupe.Parameters) -> float:
    """Give the share of planted pairs that should become candidates; 6 of a copy's shingles are not the original's."""
    shingles = np.arange(80, 121) - parameters.shingle + 1
    return float(
        np.mean([dedupe.candidate_probability((s - 6) / (s + 6), parameters.bands, parameters.rows) for s in shingles])
    )


def open_job(folder: Path, parameters: dedupe.Parameters) -> cleaning.Job:
    rules = load_rules()
    return cleaning.Job(folder, rules, rules, Columns("text", "id", None, id_required=False), parameters)


def judge_scale(counts: list[int], copies: int, folder: Path, parameters: dedupe.Parameters) -> None:
    """Write the parts of the largest number of documents, and resolve the first ones of them in a process of their own."""
    job = open_job(folder, parameters)
    for batch, start in enumerate(range(0, max(counts), PART_ROWS)):
        numbers = range(start, start + PART_ROWS)
        # The order of ids is not that of numbers, as it is in a crawl.
        mixed = pl.int_range(numbers.start, numbers.stop, dtype=pl.UInt64, eager=True) * 2_654_435_761 % (1 << 32)
        ids = pl.select(pl.format("pages/example.org/{}.html", mixed.cast(pl.String).str.zfill(10))).to_series()
        frame = pl.DataFrame({"id": ids, "text": make_texts(numbers, copies)})
        store.write_part(folder, "documents", 0, batch, frame)
        cleaning.write_signatures(job, "signatures", 0, batch, frame.with_row_index("doc"))
    signed = sum(path.stat().st_size for path in (folder / "signatures").iterdir())
    print(
        f"signatures: {signed / max(counts):.0f} bytes a document; recall expected {100 * expect_recall(parameters):.3f} %"
    )
    runs = [(count, _resolve_apart(count, folder)) for _ in range(2) for count in counts]
    first = min(found["cpu"] for count, found in runs if count == counts[0]) / counts[0]
    for count in counts:
        best = min((found for other, found in runs if other == count), key=lambda found: found["cpu"])
        print(
            f"{count} documents: {best['cpu']:.1f} s of CPU ({best['cpu'] / count / first:.2f} x linear), {best['wall']:.1f} s, "
            f"peak {best['peak']:.2f} GB (before it {best['before']:.2f} GB); planted {count // 10 * copies}, "
            f"dropped {best['dropped']:.0f} ({100 * best['dropped'] / (count // 10 * copies):.3f} %)"
        )


def _resolve_apart(count: int, folder: Path) -> dict[str, float]:
    command = [sys.executable, __file__, "resolve", "--work", str(folder), "--documents", str(count)]
    found: dict[str, float] = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return found


def resolve_parts(count: int, folder: Path, parameters: dedupe.Parameters) -> None:
    """Resolve the first parts alone, on kernels that are compiled; print what it took as JSON."""
    texts = pl.Series(["one two three four five six seven eight"] * 2 + ["one two three four five six seven"])
    find(texts, pl.Series(["a", "b", "c"]), parameters)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    cpu, wall = time.process_time(), time.perf_counter()
    resolved = resolving.resolve(open_job(folder, parameters), [cleaning.ShardSummary(batches=count // PART_ROWS)], {})
    found = {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall, "before": before}
    found |= {
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
        "dropped": resolved.outcome.decisions.height,
    }
    print(json.dumps(found))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=["quality", "speed", "scale", "resolve"])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--peers", nargs="*", default=[], help="Pythons of environments that peers/dedupe.py names")
    parser.add_argument("--sample", type=int, default=3000)
    parser.add_argument(
        "--copies", type=int, default=1, choices=range(1, 10), help="of ten documents that `scale` makes"
    )
    parser.add_argument("--documents", type=int, nargs="+", default=[1_000_000], help=f"multiples of {PART_ROWS}")
    parser.add_argument(
        "--work", type=Path, help="an empty folder for the parts of `scale`, with 1 GB a million documents"
    )
    arguments = parser.parse_args()
    rules = load_rules()
    parameters = dedupe.Parameters.of(rules, rules)
    if arguments.part == "quality":
        judge_quality(arguments.data, parameters, arguments.peers)
    elif arguments.part == "scale":
        with tempfile.TemporaryDirectory(dir=arguments.work) as folder:
            judge_scale(arguments.documents, arguments.copies, Path(folder), parameters)
    elif arguments.part == "resolve":
        resolve_parts(arguments.documents[0], arguments.work, parameters)
    else:
        judge_speed(arguments.data, parameters, arguments.peers, arguments.sample)


if __name__ == "__main__":
    main()
