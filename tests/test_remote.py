"""Addresses in and out, against servers that run here: S3 (moto), the web, and the shape that a Hub has.

They skip where the packages are missing; `make remote` installs them.
"""

from __future__ import annotations

import functools
import gzip
import http.server
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner
from runs import put

import cleanse
from cleanse.cli import main
from cleanse.errors import CleanseError, InputError, OptionError, OutputError, StoreError
from cleanse.files import addresses

TEXTS = {
    "in/a.txt": "The kiln was lit before dawn.\nShare on Facebook\nBy noon the glaze had run.\n",
    "in/deep/b.jsonl": '{"id": "one", "text": "Rain fell on the pier all day.", "n": 1}\n{"no": 1}\n'
    '{"id": "two", "text": "The ferry came late again that evening.", "n": null}\n',
    "in/c.jsonl.gz": gzip.compress(b'{"id": "three", "text": "A third of the plums were sour."}\n', mtime=0),
    "in/notes.docx": b"PK",
    "in/.hidden/d.txt": "This is not read.",
}
BUCKET = "crawl"


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """Serve S3, as moto does."""
    pytest.importorskip("s3fs")
    moto = pytest.importorskip("moto.server")
    serving = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    serving.start()
    host, port = serving.get_host_and_port()
    yield f"http://{host}:{port}"
    serving.stop()


@pytest.fixture
def s3(server: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[object]:
    """Give the file system of an S3 server with one bucket, which is empty."""
    import s3fs

    monkeypatch.setenv("AWS_ENDPOINT_URL", server)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setattr(addresses, "WAITS", ())
    monkeypatch.chdir(tmp_path)
    forget()
    system = s3fs.S3FileSystem()
    system.mkdir(BUCKET)
    yield system
    system.invalidate_cache()
    system.rm(BUCKET, recursive=True)
    forget()


def forget() -> None:
    """Forget who was logged in where."""
    import s3fs

    addresses._connect.cache_clear()
    s3fs.S3FileSystem.clear_instance_cache()


def send(system: object, files: dict[str, str | bytes], bucket: str = BUCKET) -> None:
    for name, content in files.items():
        system.pipe_file(f"{bucket}/{name}", content.encode() if isinstance(content, str) else content)


def names(system: object) -> list[str]:
    system.invalidate_cache()
    return sorted(system.find(BUCKET))


def test_a_folder_on_s3_is_read_like_one_here(s3: object, tmp_path: Path) -> None:
    """Rows, ids and what is passed over are the same as for the same folder on this machine; two workers too."""
    send(s3, TEXTS)
    put(tmp_path, TEXTS)
    here = cleanse.run(tmp_path / "in", tmp_path / "here.parquet")
    there = cleanse.run(f"s3://{BUCKET}/in", tmp_path / "there.parquet")
    parallel = cleanse.run(f"s3://{BUCKET}/in/", tmp_path / "parallel.parquet", workers=2, shard_bytes=1)
    assert pl.read_parquet(there.out).equals(pl.read_parquet(here.out))
    assert parallel.out.read_bytes() == there.out.read_bytes()
    assert there.summary["ledger"] == here.summary["ledger"]
    assert there.summary["inputs"] == here.summary["inputs"]
    assert there.quarantine_reasons() == ["deep/b.jsonl row 1: no field `text`"]


@pytest.mark.parametrize(
    ("address", "ids"),
    [
        ("in/a.txt", ["a.txt"]),
        ("in/*.txt", ["a.txt"]),
        ("in/**/*.jsonl", ["one", "two"]),
        ("in/c.jsonl.gz", ["three"]),
    ],
)
def test_files_and_patterns(s3: object, tmp_path: Path, address: str, ids: list[str]) -> None:
    """One file, a pattern, a pattern with any number of folders, and a packed file."""
    send(s3, TEXTS)
    result = cleanse.run(f"s3://{BUCKET}/{address}", tmp_path / "out.parquet")
    assert pl.read_parquet(result.out)["id"].to_list() == ids


def test_parquet_and_long_jsonl_are_cut(s3: object, tmp_path: Path) -> None:
    """Parquet is cut between row groups and JSONL between lines, also where they are not on this machine."""
    rows = pl.DataFrame(
        {"text": [f"Row {number} tells of the harbour, the boats and the weather." for number in range(300)]}
    )
    (tmp_path / "in").mkdir()
    rows.write_parquet(tmp_path / "in" / "a.parquet", row_group_size=50)
    rows.write_ndjson(tmp_path / "in" / "b.jsonl")
    s3.put(str(tmp_path / "in"), f"{BUCKET}/in", recursive=True)
    options = {"shard_bytes": 4000, "duplicates": False}
    here = cleanse.run(tmp_path / "in", tmp_path / "here.parquet", **options)
    there = cleanse.run(f"s3://{BUCKET}/in", tmp_path / "there.parquet", **options)
    assert pl.read_parquet(there.out).equals(pl.read_parquet(here.out))
    assert there.summary["ledger"]["documents"]["kept"] == 600


@pytest.mark.parametrize("name", ["out.parquet", "out.jsonl.gz", "out"])
def test_out_on_s3(s3: object, tmp_path: Path, name: str) -> None:
    """OUT and its report have the bytes of those made here; a second run replaces them, and no work folder stays."""
    put(tmp_path, TEXTS)
    here = cleanse.run(tmp_path / "in", tmp_path / "here" / name)
    for got_to in (tmp_path / "first", tmp_path / "again"):
        there = cleanse.run(tmp_path / "in", f"s3://{BUCKET}/clean/{name}")
        assert there.out == f"s3://{BUCKET}/clean/{name}"
        assert there.report == f"s3://{BUCKET}/clean/out.report"
        s3.invalidate_cache()
        s3.get(f"{BUCKET}/clean", str(got_to), recursive=True)
        files = {path.relative_to(here.out.parent) for path in here.out.parent.rglob("*") if path.is_file()}
        got = {path.relative_to(got_to) for path in got_to.rglob("*") if path.is_file()}
        assert got == files
        changed = {"summary.json", "index.html"}  # they tell how long it took, and where OUT is
        for file in files:
            if file.name not in changed:
                assert (got_to / file).read_bytes() == (here.out.parent / file).read_bytes(), file
    assert not (tmp_path / "out.work").exists()


def test_an_out_of_others_is_not_replaced(s3: object, tmp_path: Path) -> None:
    """What cleanse did not write stays, even with `overwrite`; an OUT of other input needs `overwrite`."""
    put(tmp_path, TEXTS)
    send(s3, {"out.parquet": b"of others"})
    address = f"s3://{BUCKET}/out.parquet"
    for overwrite in (False, True):
        with pytest.raises(OutputError, match="OUT exists and is not an output of cleanse"):
            cleanse.run(tmp_path / "in", address, overwrite=overwrite)
    assert s3.cat_file(f"{BUCKET}/out.parquet") == b"of others"
    mine = f"s3://{BUCKET}/mine.parquet"
    cleanse.run(tmp_path / "in", mine)
    with pytest.raises(OutputError, match="OUT exists and was made from other input"):
        cleanse.run(tmp_path / "in" / "a.txt", mine)
    cleanse.run(tmp_path / "in" / "a.txt", mine, overwrite=True)
    with s3.open(f"{BUCKET}/mine.parquet") as stream:
        assert pl.read_parquet(stream)["id"].to_list() == ["a.txt"]
    send(s3, {"mine.parquet": b"of others, too"})
    with pytest.raises(OutputError, match="OUT exists and is not an output of cleanse"):
        cleanse.run(tmp_path / "in" / "a.txt", mine)


def test_surplus_parts_of_an_older_out_go(s3: object, tmp_path: Path) -> None:
    """A folder that had more files holds those of the new run only."""
    rows = pl.DataFrame({"text": [f"Row {number} of the harbour's log." for number in range(12_000)]})
    rows.write_parquet(tmp_path / "a.parquet")
    address = f"s3://{BUCKET}/out"
    options = {"duplicates": False, "select": "encoding"}
    cleanse.run(tmp_path / "a.parquet", address, out_mb=0.1, **options)
    parts = [name for name in names(s3) if "/part-" in name]
    cleanse.run(tmp_path / "a.parquet", address, **options)
    assert len(parts) > 1
    assert [name for name in names(s3) if "/part-" in name] == parts[:1]


def test_outputs_on_s3_are_passed_over(s3: object, tmp_path: Path) -> None:
    """An OUT and its report beside the input are not read."""
    send(s3, {"a.txt": "The kiln was lit before dawn, and by noon the glaze had run."})
    cleanse.run(f"s3://{BUCKET}/a.txt", f"s3://{BUCKET}/out.parquet")
    cleanse.run(f"s3://{BUCKET}/a.txt", f"s3://{BUCKET}/parts")
    result = cleanse.run(f"s3://{BUCKET}", tmp_path / "all.parquet")
    assert pl.read_parquet(result.out)["id"].to_list() == ["a.txt"]
    assert result.summary["inputs"]["outputs"] == ["out.parquet", "out.report", "parts", "parts.report"]


def test_out_inside_an_input(s3: object, tmp_path: Path) -> None:
    """OUT may not lie in an INPUT on the same store."""
    send(s3, TEXTS)
    with pytest.raises(InputError, match="OUT lies in an INPUT, or holds one"):
        cleanse.run(f"s3://{BUCKET}/in", f"s3://{BUCKET}/in/out.parquet")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["s3://nowhere/in", "out.parquet"], "no such bucket, file or folder: s3://nowhere/in"),
        (["s3://crawl/nothing/*.txt", "out.parquet"], "no file matches: s3://crawl/nothing/*.txt"),
        (["in", "s3://nowhere/out.parquet"], "no such bucket, file or folder: s3://nowhere/out.parquet"),
        (["s3://*", "out.parquet"], "the address names no place: s3://*"),
        (
            ["https://nowhere.invalid/a.txt", "out.parquet"],
            "no such file, or no such server: https://nowhere.invalid/a.txt",
        ),
        (["in", "s3://crawl"], "OUT is a whole bucket: s3://crawl"),
        (["in", "s3://crawl/out.docx"], "OUT cannot be of the kind .docx"),
        (["in", "https://example.org/out.parquet"], "nothing can be written to https://"),
        (["ftp://example.org/in", "out.parquet"], "an address of a store that is not known: ftp://example.org/in"),
        (["s3://crawl/in/notes.docx", "out.parquet"], "unknown kind of file: s3://crawl/in/notes.docx"),
    ],
)
def test_one_sentence(s3: object, tmp_path: Path, arguments: list[str], said: str) -> None:
    """Each mistake is told in one sentence with a hint, and nothing is written."""
    put(tmp_path, TEXTS)
    send(s3, TEXTS)
    before = names(s3)
    done = CliRunner().invoke(main, ["run", *arguments])
    assert done.exit_code == 2
    assert done.output.startswith(f"error: {said}")
    assert done.output.count("\n") == 2
    assert "\n  hint: " in done.output
    assert names(s3) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in"]


def test_nobody_is_logged_in(s3: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without credentials one sentence says which variables to set."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    forget()
    with pytest.raises(InputError, match=r"nobody is logged in.*\n  hint: set AWS_ACCESS_KEY_ID"):
        cleanse.run(f"s3://{BUCKET}/in", tmp_path / "out.parquet")


@pytest.mark.parametrize("out_there", [False, True])
def test_wrong_credentials(s3: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, out_there: bool) -> None:
    """A key that the store does not know is told in one sentence, for INPUT and for OUT."""
    authorization = pytest.importorskip("moto.core.authorization")
    put(tmp_path, TEXTS)
    names_of = (
        (tmp_path / "in", f"s3://{BUCKET}/o.parquet") if out_there else (f"s3://{BUCKET}/in", tmp_path / "o.parquet")
    )
    forget()
    with monkeypatch.context() as strict:  # from now on the server checks keys
        strict.setattr(authorization.settings, "INITIAL_NO_AUTH_ACTION_COUNT", 0)
        with pytest.raises(InputError, match=r"no right to it: .*\n  hint: set AWS_ACCESS_KEY_ID"):
            cleanse.run(*names_of)


def test_a_store_that_does_not_answer(s3: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that is not there is told in one sentence."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free.getsockname()[1]}")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    forget()
    with pytest.raises(StoreError, match="the store does not answer"):
        cleanse.run(f"s3://{BUCKET}/in", tmp_path / "out.parquet")


def test_half_a_gzip(s3: object, tmp_path: Path) -> None:
    """Of a packed file that was uploaded by half the rows that are there are kept, and the rest is told."""
    whole = "".join(f'{{"text": "Row {number} of the log of {number * 7919} boats."}}\n' for number in range(2000))
    packed = gzip.compress(whole.encode(), mtime=0)
    send(s3, {"in/rows.jsonl.gz": packed[: len(packed) // 2]})
    result = cleanse.run(f"s3://{BUCKET}/in", tmp_path / "out.parquet", duplicates=False)
    assert 0 < result.summary["ledger"]["documents"]["kept"] < 2000
    assert result.quarantine_reasons()[0].endswith("compressed stream ends early")


class Gate:
    """A server between a run and a store that lets requests through, but none that writes."""

    def __init__(self, store: str) -> None:
        host, _, port = store.removeprefix("http://").partition(":")
        self.store = (host, int(port))
        self.met = threading.Event()
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self.listening.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self.listening.accept()
            except OSError:
                return
            threading.Thread(target=self._pass_on, args=(client,), daemon=True).start()

    def _pass_on(self, client: socket.socket) -> None:
        with socket.create_connection(self.store) as there, client:
            threading.Thread(target=self._copy, args=(there, client), daemon=True).start()
            while data := client.recv(65536):
                if data.startswith((b"PUT", b"POST")):
                    there.sendall(data[:40])  # the store has begun to read a file
                    self.met.set()
                    time.sleep(60)
                    return
                there.sendall(data)

    def _copy(self, there: socket.socket, client: socket.socket) -> None:
        try:
            while data := there.recv(65536):
                client.sendall(data)
        except OSError:
            return


@pytest.mark.parametrize("name", ["out.parquet", "out"])
def test_killed_while_it_writes(s3: object, server: str, tmp_path: Path, name: str) -> None:
    """A run that is killed while it writes to a store leaves nothing there, and the same command makes it whole."""
    put(tmp_path, TEXTS)
    gate = Gate(server)
    command = [sys.executable, "-m", "cleanse", "run", "in", f"s3://{BUCKET}/{name}", "--workers", "1"]
    with subprocess.Popen(
        command, env={**os.environ, "AWS_ENDPOINT_URL": gate.address}, cwd=tmp_path, stderr=subprocess.PIPE
    ) as running:
        assert gate.met.wait(60), running.stderr.read()
        running.send_signal(signal.SIGKILL)
    gate.listening.close()
    assert names(s3) == []
    assert (tmp_path / "out.work").exists()
    assert cleanse.run("in", f"s3://{BUCKET}/{name}").summary["ledger"]["documents"]["kept"] == 4
    assert not (tmp_path / "out.work").exists()


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves a folder; `parts` says whether it gives parts of files, `cut` after how many bytes it hangs up."""

    cut: int | None = None

    def log_message(self, *_: object) -> None:
        return

    def copyfile(self, source: object, outputfile: object) -> None:
        data = source.read()
        outputfile.write(data if self.cut is None else data[: self.cut])


@pytest.fixture
def web(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Serve a folder by HTTP; this server gives whole files only."""
    pytest.importorskip("fsspec")
    pytest.importorskip("aiohttp")
    monkeypatch.setattr(addresses, "WAITS", ())
    put(tmp_path, {name.replace("in/", "web/"): content for name, content in TEXTS.items()})
    handler = functools.partial(Quiet, directory=str(tmp_path / "web"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as serving:
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{serving.server_port}"
        serving.shutdown()


def test_files_of_the_web(web: str, tmp_path: Path) -> None:
    """Files behind addresses of the web are read, several and packed ones; what follows a ? is not in the name."""
    result = cleanse.run(
        [f"{web}/a.txt?download=1", f"{web}/c.jsonl.gz", f"{web}/deep/b.jsonl"], tmp_path / "out.parquet"
    )
    assert pl.read_parquet(result.out)["id"].to_list() == ["a.txt", "three", "one", "two"]


def test_parquet_of_the_web(web: str, tmp_path: Path) -> None:
    """A Parquet file is read from a server that gives whole files only, where it is not large."""
    pl.DataFrame({"text": ["The kiln was lit before dawn."]}).write_parquet(tmp_path / "web" / "a.parquet")
    result = cleanse.run(f"{web}/a.parquet", tmp_path / "out.parquet")
    assert pl.read_parquet(result.out)["id"].to_list() == ["a.parquet#0"]


def test_large_parquet_of_the_web(web: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the server gives no parts of a large file, one sentence says so."""
    rows = {"text": [os.urandom(40).hex() for _ in range(4000)]}
    pl.DataFrame(rows).write_parquet(tmp_path / "web" / "a.parquet")
    monkeypatch.setattr(addresses, "WHOLE_BYTES", 1024)
    result = cleanse.run(f"{web}/a.parquet", tmp_path / "out.parquet")
    assert "the server gives no parts of a file" in result.quarantine_reasons()[0]


@pytest.mark.parametrize(
    ("name", "said"),
    [("b.txt", "no such file, or no such server"), ("notes.docx", "unknown kind of file"), ("", "unknown kind")],
)
def test_wrong_addresses_of_the_web(web: str, tmp_path: Path, name: str, said: str) -> None:
    """A file that is not there, one of another kind, and a folder."""
    with pytest.raises(InputError, match=said):
        cleanse.run(f"{web}/{name}", tmp_path / "out.parquet")


def test_a_server_that_hangs_up(web: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that comes by half is no short file: the run stops, and the same command goes on."""
    monkeypatch.setattr(Quiet, "cut", 20)
    with pytest.raises(StoreError, match="the store does not answer"):
        cleanse.run(f"{web}/a.txt", tmp_path / "out.parquet")
    assert not (tmp_path / "out.parquet").exists()
    monkeypatch.setattr(Quiet, "cut", None)
    assert cleanse.run(f"{web}/a.txt", tmp_path / "out.parquet").summary["ledger"]["documents"]["kept"] == 1


def test_a_folder_as_a_hub_keeps_it(tmp_path: Path) -> None:
    """A snapshot of a data set holds links into a folder of blobs, whose names have no suffix: it is read like plain files."""
    blobs, snapshot = tmp_path / "blobs", tmp_path / "snapshots" / "1a2b3c"
    blobs.mkdir()
    (snapshot / "data").mkdir(parents=True)
    pl.DataFrame({"text": ["The kiln was lit before dawn."]}).write_parquet(blobs / "0f3e")
    (blobs / "77aa").write_text("---\nlicense: mit\n---\n", "utf-8")
    (snapshot / "data" / "train-00000-of-00001.parquet").symlink_to("../../../blobs/0f3e")
    (snapshot / "README.md").symlink_to("../../blobs/77aa")
    (snapshot / ".gitattributes").write_text("*.parquet filter=lfs\n", "utf-8")
    result = cleanse.run(snapshot, tmp_path / "out.parquet", exclude="README.md")
    assert pl.read_parquet(result.out)["id"].to_list() == ["data/train-00000-of-00001.parquet#0"]
    assert result.summary["inputs"]["passed_over"] == [".gitattributes"]


@pytest.mark.parametrize("protocol", [*addresses.PACKAGES])
def test_a_missing_package(protocol: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the package of a store is not installed, one sentence names it and the extra."""
    monkeypatch.setattr(addresses.importlib.util, "find_spec", lambda name: None)
    package = addresses.PACKAGES[protocol]
    with pytest.raises(
        CleanseError, match=f"{protocol}:// needs .*{package}: .*\n  hint: pip install 'cleanse-corpus.remote.'"
    ):
        cleanse.run(f"{protocol}://a/b.txt", tmp_path / "out.parquet")


def test_a_stream_has_no_place_on_a_store(tmp_path: Path) -> None:
    """--report is for the standard output, also where OUT is an address."""
    with pytest.raises(OptionError, match=r"it stands beside OUT, at s3://b/out\.report"):
        cleanse.run(tmp_path, "s3://b/out.parquet", report=tmp_path / "a.report")


@pytest.mark.parametrize(
    "arguments",
    [
        ["why", "OUT", "a"],
        ["restore", "OUT", "--to", "x"],
        ["report", "OUT"],
        ["diff", "a", "OUT"],
        ["rules", "--out", "OUT"],
    ],
)
def test_other_commands_read_an_out_here(arguments: list[str]) -> None:
    """Commands that read an OUT say so when they get an address."""
    done = CliRunner().invoke(main, ["s3://b/out.parquet" if one == "OUT" else one for one in arguments])
    assert done.exit_code == 2
    assert done.output.startswith(
        "error: this command reads an OUT on this machine only: s3://b/out.parquet\n  hint: copy OUT"
    )
