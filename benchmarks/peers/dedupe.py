"""Find near duplicates with the other tools that this environment has; print what they cost and dropped as JSON, a line a tool.

    python benchmarks/peers/dedupe.py < ASKED

ASKED is JSON: `texts`, `variants` (whether to try other settings of a tool too), and the `shingle`, `bands`, `rows`, `seed` and
`threshold` of `dedupe/near`. `benchmarks/dedupe.py --peers` calls it with the Python of each environment:

    rensa, datasketch, gaoya    pip install rensa datasketch gaoya
    datatrove            pip install datatrove spacy tokenizers 'xxhash<4'
    text-dedup           pip install text-dedup    (its 0.4.1 needs Python 3.12)

rensa and datasketch get our tokens, cut in Python, and our bands or their own; a document goes when a kept one before it is a
candidate, so that what they drop has a kept twin if their guess is right. gaoya has our bands and words of its own. datatrove runs its four stages in this process, one task
each, with its own tokens and its default of 14 bands of 8 rows (its 0.10.1 fails with xxhash 4: take 3). text-dedup runs its own command
with bands that it chooses for the threshold. Importing is not counted; CPU time of children is.
"""

import contextlib
import importlib.metadata
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("LOGURU_LEVEL", "ERROR")
os.environ.setdefault("POLARS_MAX_THREADS", "1")

RUNS = 2  # of which the faster counts
TOKEN = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]|[^\W_]+")


def clock():
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


def shingles(text, size):
    tokens = TOKEN.findall(text.lower())
    return {" ".join(tokens[place : place + size]) for place in range(len(tokens) - size + 1)}


def rensa(texts, asked, bands=None, rows=None):
    from rensa import RMinHash, RMinHashLSH

    bands, rows = bands or asked["bands"], rows or asked["rows"]
    yield clock()
    lsh = RMinHashLSH(threshold=asked["threshold"], num_perm=bands * rows, num_bands=bands)
    dropped = []
    for number, text in enumerate(texts):
        parts = shingles(text, asked["shingle"])
        minhash = RMinHash(num_perm=bands * rows, seed=asked["seed"])
        minhash.update(list(parts))
        if parts and lsh.query(minhash):
            dropped.append(number)
        elif parts:
            lsh.insert(number, minhash)
    yield dropped


def rensa_own(texts, asked):
    return rensa(texts, asked, 8, 16)  # what rensa's own benchmark takes for a threshold of 0.8


def datasketch(texts, asked, **bands):
    from datasketch import MinHash, MinHashLSH

    permutations = asked["bands"] * asked["rows"]
    yield clock()
    lsh = MinHashLSH(num_perm=permutations, **(bands or {"params": (asked["bands"], asked["rows"])}))
    dropped = []
    for number, text in enumerate(texts):
        parts = shingles(text, asked["shingle"])
        minhash = MinHash(num_perm=permutations, seed=asked["seed"])
        minhash.update_batch([part.encode() for part in parts])
        if parts and lsh.query(minhash):
            dropped.append(number)
        elif parts:
            lsh.insert(number, minhash)
    yield dropped


def datasketch_own(texts, asked):
    return datasketch(texts, asked, threshold=asked["threshold"])


def gaoya(texts, asked):
    from gaoya.minhash import MinHashStringIndex

    size = asked["shingle"]
    yield clock()
    # Its own words, which it cuts in Rust: shingles that are made in Python would be most of the time.
    index = MinHashStringIndex(32, asked["threshold"], asked["bands"], asked["rows"], None, "word", True, (size, size))
    dropped = []
    for number, text in enumerate(texts):
        if index.query(text):
            dropped.append(number)
        else:
            index.insert_document(number, text)
    yield dropped


def datatrove(texts, asked):
    from datatrove.data import Document
    from datatrove.pipeline.dedup import MinhashDedupBuckets, MinhashDedupCluster, MinhashDedupFilter, MinhashDedupSignature
    from datatrove.pipeline.dedup.minhash import MinhashConfig

    config = MinhashConfig(n_grams=asked["shingle"])
    documents = [Document(text=text, id=str(number)) for number, text in enumerate(texts)]
    MinhashDedupSignature("memory://warm", config).get_shingles("the tokenizer loads here and not in the time that counts")
    yield clock()
    with tempfile.TemporaryDirectory() as folder:
        signatures, buckets, removed = (str(Path(folder, name)) for name in ("signatures", "buckets", "removed"))
        MinhashDedupSignature(signatures, config).run(iter(documents))
        for rank in range(config.num_buckets):
            MinhashDedupBuckets(signatures, buckets, config=config).run(None, rank, config.num_buckets)
        MinhashDedupCluster(buckets, removed, config=config).run(None)
        kept = {int(document.id) for document in MinhashDedupFilter(removed).run(iter(documents))}
    yield [number for number in range(len(texts)) if number not in kept]


def text_dedup(texts, asked, verified=False):
    from datasets import Dataset, load_from_disk

    command = [sys.executable, "-m", "text_dedup.minhash"]
    with tempfile.TemporaryDirectory() as folder:
        given, out = Path(folder, "given"), Path(folder, "out")
        # No processes of its own (0): what a pool of them costs is not seen from here.
        Path(folder, "config.toml").write_text(
            f"""
            input = {{ input_type = "local_hf_dataset", read_arguments = {{ dataset_path = "{given}" }} }}
            output = {{ output_dir = "{out}" }}
            debug = {{}}
            [algorithm]
            algorithm_name = "minhash"
            text_column = "text"
            num_proc = 0
            num_perm = {asked["bands"] * asked["rows"]}
            ngram_size = {asked["shingle"]}
            threshold = {asked["threshold"]}
            check_false_positive = {str(verified).lower()}
            """
        )
        # Two texts first: what starting costs does not count.
        for part in (texts[:2], texts):
            Dataset.from_dict({"number": range(len(part)), "text": part}).save_to_disk(str(given))
            begun = clock()
            subprocess.run(command, cwd=folder, stdout=sys.stderr, check=True)
            started = clock() - begun if part is not texts else started
        yield begun + started
        yield sorted(set(range(len(texts))) - set(load_from_disk(str(out))["number"]))


def text_dedup_verified(texts, asked):
    return text_dedup(texts, asked, verified=True)


TOOLS = {
    "rensa": rensa,
    "rensa, its own bands": rensa_own,
    "datasketch": datasketch,
    "datasketch, its own bands": datasketch_own,
    "gaoya": gaoya,
    "datatrove": datatrove,
    "text-dedup": text_dedup,
    "text-dedup, verified": text_dedup_verified,
}


def main():
    asked = json.load(sys.stdin)
    for name, tool in TOOLS.items():
        if "," in name and not asked["variants"]:
            continue
        try:
            version = importlib.metadata.version(name.partition(",")[0])
        except importlib.metadata.PackageNotFoundError:
            continue
        seconds = float("inf")
        for _ in range(1 if asked["variants"] else RUNS):
            with contextlib.redirect_stdout(sys.stderr):
                steps = tool(asked["texts"], asked)
                begun = next(steps)
                dropped = next(steps)
                seconds = min(seconds, clock() - begun)
        print(json.dumps({"tool": name, "version": version, "seconds": seconds, "dropped": dropped}), flush=True)


if __name__ == "__main__":
    main()
