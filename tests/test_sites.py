"""What the other pages of a site hold: which pages are of one site, how their lines are counted, and what follows for a run."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import polars as pl
import pytest

import cleanse
from cleanse.files import Columns, Shard, Span, find_inputs
from cleanse.passes import sites, spill
from cleanse.passes.engine import Died
from cleanse.scorecards import site

LIMITS = site.Limits(most=48, least=3, alike=70, shared=5)
TEXTS = [
    "The ferry stays in port, since the ice in the sound is thicker than the hull allows, and nobody may cross it today. The harbour office said so on Monday, and asked for patience until the wind turns.",
    "A bakery on the quay opens again after nine years, with the oven that the grandfather of the owner had built of bricks from the old lime works. On the first day the bread was gone before seven.",
    "Three boats were sold at the spring auction, one of them to the school, which wants to teach the older children how to splice, to caulk and to read a chart. The others go to the far side of the bay.",
    "The library lends tools from this week on: saws, planes and a lathe that four people must carry. Whoever breaks one mends it in the workshop, and whoever cannot is shown how by those who can.",
    "Nobody knows who painted the lighthouse green in the night before the fair, but the keeper says that it may stay so, since no ship has ever asked for the colour of the tower, only for its light.",
    "Swimmers ask for a warmer hut, and the council has found an old stove for it. The chimney must still be swept, and the wood will come from the two elms that the storm in March laid across the path.",
    "The choir looks for low voices and promises soup to all who come to the rehearsal on Thursday evening. Last winter there were eleven sopranos and one bass, who had a cold from October to the spring.",
]
MENU = ["Start", "Harbour", "The tide table", "Our letters", "Ask the keeper"]
FOOT = ["A paper of the two islands", "Written by those who live here", "Print 12 of this year"]


def page(number: int, *more: str) -> str:
    """Write a page of the site: menu, a text of its own, what is given, and the foot with its number."""
    body = TEXTS[number].split(". ")
    return "\n".join(
        [
            *MENU,
            f"Letter {number}",
            ". ".join(body[:1]) + ".",
            *body[1:],
            *more,
            *FOOT[:2],
            f"Print {number} of this year",
        ]
    )


def frame(texts: list[str]) -> pl.DataFrame:
    """Put texts into a frame as files of one folder."""
    names = [f"letters/{number}.txt" for number in range(len(texts))]
    return pl.DataFrame({"id": names, "source": names, "text": texts})


def shares(texts: list[str], limits: site.Limits = LIMITS) -> list[dict[str, tuple[int, int]] | None]:
    """Say of each text which percent of the other pages hold its lines, alone and beside the same line."""
    documents = frame(texts)
    sites = site.name_sites(documents, None)
    counts = site.count_lines(site.join_pages([site.digest_pages(documents, sites, limits)], limits), limits)
    told = site.share_lines(documents, sites, counts, limits).to_list()
    return [
        None if one is None else {text.split("\n")[line["line"]]: (line["alone"], line["beside"]) for line in one}
        for text, one in zip(texts, told, strict=True)
    ]


def test_pages_of_a_host_or_a_folder_are_of_one_site() -> None:
    """Scheme, `www.`, port and capitals do not matter; rows without an address are of no site."""
    documents = pl.DataFrame(
        {
            "id": ["a#0", "a#1", "a#2", "a#3", "a#4", "d/e.txt", "f.txt"],
            "source": ["a", "a", "a", "a", "a", "d/e.txt", "f.txt"],
            "other:url": [
                "https://www.Isle.example/1",
                "//isle.example:80?x",
                '"http://me@isle.example/a"',
                "isle",
                None,
                None,
                None,
            ],
        }
    )
    assert site.name_sites(documents, "other:url").to_list() == ["//isle.example"] * 3 + [None] * 4
    assert site.name_sites(documents, None).to_list() == [None] * 5 + ["d", ""]


def test_lines_of_the_other_pages_are_counted() -> None:
    """Menu and foot stand on all other pages, numbers do not matter; a text stands on none."""
    first = shares([page(number) for number in range(5)])[0]
    assert first is not None
    assert [first[line] for line in MENU] == [(100, 100)] * 5
    assert first["Print 0 of this year"] == (100, 100)
    assert first["Letter 0"] == (100, 100)
    assert first[TEXTS[0].split(". ")[0] + "."] == (0, 0)


def test_a_quoted_sentence_stands_beside_other_lines() -> None:
    """A sentence that other pages quote is held by them, but not in a row with its own neighbours."""
    quoted = TEXTS[0].split(". ")[1]
    first = shares([page(0), page(1, quoted), page(2, quoted, "See the letter of Monday"), page(3), page(4)])[0]
    assert first is not None
    assert first[quoted] == (50, 25)  # on page 1 it stands above the foot, as here
    beside = shares(
        [page(0, "A line."), page(1, quoted), page(2, quoted, "See the letter of Monday"), page(3), page(4)]
    )[0]
    assert beside is not None
    assert beside[quoted] == (50, 0)


def test_pages_that_are_nearly_the_same_count_once() -> None:
    """The text of a page that lies there three times is not what the pages of the site share."""
    body = "\n".join(text for text in TEXTS[:3])
    twins = [f"{page(0)}\n{body}{end}" for end in ("", "\nPrinted", "\nSaved")]
    told = shares([*twins, *(page(number) for number in range(3, 7))])
    for one in told[:3]:
        assert one is not None
        assert one[TEXTS[1]] == (0, 0)
        assert one["Start"] == (100, 100)


def test_what_is_no_site_says_nothing() -> None:
    """Too few pages, and pages that share no lines, are not known."""
    assert shares([page(number) for number in range(3)]) == [None] * 3
    assert shares([page(number) for number in range(4)])[0] is not None
    assert shares(TEXTS) == [None] * len(TEXTS)
    told = shares([*(page(number) for number in range(5)), "\n".join(TEXTS)])
    assert told[5] is None
    assert told[0] is not None


def test_the_pages_that_are_counted_do_not_hang_on_the_order() -> None:
    """However an input is cut up, the same pages of a large site are counted."""
    limits = site.Limits(most=4, least=2, alike=70, shared=5)
    documents = frame([page(number) for number in range(7)])
    sites = site.name_sites(documents, None)
    whole = site.digest_pages(documents, sites, limits)
    parts = [site.digest_pages(documents[k : k + 2], sites[k : k + 2], limits) for k in (4, 0, 6, 2)]
    assert whole.height == 4
    assert site.join_pages(parts, limits).equals(whole)


def write_pages(folder: Path) -> Path:
    """Write seven pages of one site, and one file elsewhere."""
    (folder / "letters").mkdir(parents=True)
    for number in range(7):
        (folder / "letters" / f"{number}.txt").write_text(page(number), "utf-8")
    (folder / "alone.txt").write_text(page(0), "utf-8")
    return folder


def test_a_run_takes_what_all_pages_of_a_folder_hold(tmp_path: Path) -> None:
    """The same page keeps more where it lies alone; how many processes there are and how the input is cut does not matter."""
    pages = write_pages(tmp_path / "in")
    outs = []
    for name, options in (("a", {}), ("b", {"workers": 2, "shard_bytes": 700}), ("c", {"shard_bytes": 2000})):
        result = cleanse.run(pages, tmp_path / f"{name}.parquet", pages="always", duplicates=False, **options)
        outs.append(
            [
                path.read_bytes()
                for path in (result.out, result.report / "hits.parquet", result.report / "signals.parquet")
            ]
        )
    assert outs[0] == outs[1] == outs[2]
    texts = dict(pl.read_parquet(tmp_path / "a.parquet").select("id", "text").iter_rows())
    assert "A paper of the two islands" in texts["alone.txt"]
    assert "A paper of the two islands" not in texts["letters/0.txt"]
    assert TEXTS[0].split(". ")[0] in texts["letters/0.txt"]
    alone = pl.LazyFrame({"text": [page(0)]}).pipe(cleanse.clean, text="text", pages="always").collect()["text"].item()
    assert alone == texts["alone.txt"]
    signals = pl.read_parquet(tmp_path / "a.report" / "signals.parquet").filter(pl.col("id") == "letters/0.txt")
    assert "site-row-percent" in signals["evidence"].to_list() or "all measures" in signals["evidence"].to_list()


def test_sites_are_counted_a_portion_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many portions there are, the run comes to the same."""
    pages = write_pages(tmp_path / "in")
    outs = []
    for name, most in (("a", 1 << 28), ("b", 500)):
        monkeypatch.setattr("cleanse.passes.sites.PORTION_BYTES", most)
        outs.append(cleanse.run(pages, tmp_path / f"{name}.parquet", pages="always", duplicates=False).out.read_bytes())
    assert outs[0] == outs[1]


def test_a_shard_that_cannot_be_counted_leaves_all_pages_without_evidence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which pages such a shard holds depends on the cut; the pages of the others were still judged by theirs, so OUT depended on it."""
    pages = write_pages(tmp_path / "in")
    counted = cleanse.run(pages, tmp_path / "counted.parquet", pages="always", duplicates=False).out.read_bytes()
    digest = sites._digest_shard
    monkeypatch.setattr(
        sites, "_digest_shard", lambda shard, **how: Died() if shard.number == 0 else digest(shard, **how)
    )
    outs = [
        cleanse.run(
            pages, tmp_path / f"{size}.parquet", pages="always", duplicates=False, shard_bytes=size
        ).out.read_bytes()
        for size in (700, 1500, 1 << 20)
    ]
    assert len({counted, *outs}) == 2
    assert len(set(outs)) == 1


def test_rows_with_addresses_are_pages_of_their_hosts(tmp_path: Path) -> None:
    """With `--url-column` the host is the site; without it rows are of none."""
    rows = pl.DataFrame(
        {"text": [page(number) for number in range(7)], "url": [f"https://isle.example/{n}" for n in range(7)]}
    )
    rows.write_parquet(tmp_path / "in.parquet")
    rows.write_ndjson(tmp_path / "in.jsonl")
    found = {}
    for name, column in (("in.parquet", None), ("in.parquet", "url"), ("in.jsonl", "url")):
        out = tmp_path / f"{column}-{name}.out.parquet"
        cleanse.run(tmp_path / name, out, pages="always", duplicates=False, url_column=column)
        found[name, column] = pl.read_parquet(out)["text"].to_list()
    assert "A paper of the two islands" in found["in.parquet", None][0]
    assert "A paper of the two islands" not in found["in.parquet", "url"][0]
    assert found["in.jsonl", "url"] == found["in.parquet", "url"]


@pytest.mark.parametrize("mode", ["never", "always"])
def test_sites_are_counted_only_where_a_rule_asks(tmp_path: Path, mode: str) -> None:
    """Without the scorecard nothing is counted; an empty folder of rows does no harm."""
    pages = write_pages(tmp_path / "in")
    (pages / "empty.jsonl").write_text("", "utf-8")
    result = cleanse.run(pages, tmp_path / "out.parquet", pages=mode, duplicates=False)
    texts = dict(pl.read_parquet(result.out).select("id", "text").iter_rows())
    assert ("A paper of the two islands" in texts["letters/0.txt"]) == (mode == "never")


def test_files_that_are_counted_are_read_once(tmp_path: Path) -> None:
    """The first reading keeps what it read, bytes and what was refused with it, so the second works without the files."""
    (tmp_path / "work").mkdir()
    names = {"a.txt": "Höhe".encode("latin-1"), "b.txt": b"The ferry.\r\n", "c.txt.gz": b"no archive"}
    for name, content in names.items():
        (tmp_path / name).write_bytes(content)
    found = find_inputs([str(tmp_path / name) for name in names], tmp_path / "out.parquet")
    shard = Shard(0, tuple(Span(file) for file in found.files))
    job = SimpleNamespace(work=tmp_path / "work", columns=Columns("text", "id", None), every=cleanse.load_rules())
    first = list(spill.read_and_keep(shard, job))
    for name in names:
        (tmp_path / name).unlink()
    second = list(spill.read_once(shard, job))
    assert [batch.quarantine.height for batch in first] == [1]
    for mine, yours in zip(first, second, strict=True):
        assert mine.documents.equals(yours.documents)
        assert mine.quarantine.equals(yours.quarantine)
        assert mine.originals.equals(yours.originals)
        assert mine.kinds == yours.kinds
    spill.let_go(shard, job)
    assert list((tmp_path / "work" / "read").iterdir()) == []
    assert [batch.documents.height for batch in spill.read_once(shard, job)] != [
        2
    ]  # nothing is kept, and the files are gone


def test_what_was_kept_in_part_is_not_used(tmp_path: Path) -> None:
    """Where a crash of the machine has cut what was kept, the files are read again."""
    (tmp_path / "work").mkdir()
    (tmp_path / "a.txt").write_text("The ferry stopped.")
    found = find_inputs([str(tmp_path / "a.txt")], tmp_path / "out.parquet")
    shard = Shard(0, (Span(found.files[0]),))
    job = SimpleNamespace(work=tmp_path / "work", columns=Columns("text", "id", None), every=cleanse.load_rules())
    list(spill.read_and_keep(shard, job))
    (tmp_path / "work" / "read" / "00000-00000-documents.arrow").write_bytes(b"")
    assert [batch.documents["text"].to_list() for batch in spill.read_once(shard, job)] == [["The ferry stopped."]]


def test_terms_of_a_sum_stand_in_the_order_of_their_names(tmp_path: Path) -> None:
    """They have the same place, and a sort without their names gave another order for another size of shards."""
    (tmp_path / "in").mkdir()
    for number in range(len(TEXTS)):
        (tmp_path / "in" / f"{number}.txt").write_text(page(number))
    cleanse.run(tmp_path / "in", tmp_path / "out.parquet", pages="always", duplicates=False)
    signals = pl.read_parquet(tmp_path / "out.report" / "signals.parquet")
    terms = signals.group_by("id", "line", "start", "end", "rule").agg("evidence")["evidence"].to_list()
    assert max(map(len, terms)) > 5
    assert terms == [sorted(own, key=lambda name: name or "") for own in terms]
