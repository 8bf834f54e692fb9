"""The reviewer's desk without a browser: which hits are asked about, in which order, and whom the server answers."""

from __future__ import annotations

import contextlib
import http.client
import json
import signal
import subprocess
import sys
import threading
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from cleanse.cli import main
from cleanse.errors import InputError, OptionError
from cleanse.passes.job import Result
from cleanse.review import Desk, find_questions, make_app, read_pool, serve
from cleanse.review.agenda import BATCH
from cleanse.rules import builtin_folder
from cleanse.verdicts import digest_hit, read_verdicts
from tests.runs import run

SHARE, IMAGE, SPACE = "boilerplate/share", "boilerplate/image-path", "encoding/zero-width-space"
PROSE = "The harbour office opens at nine, and the ferry leaves when the tide allows it.\n"
GERMAN = "Das Hafenamt öffnet um neun, und die Fähre legt ab, wenn die Flut es erlaubt.\n"
RUNS = {"select": [SHARE, IMAGE, SPACE, "boilerplate/byline", "dedupe/exact"]}


def make_files() -> dict[str, str]:
    """Write 40 documents in two languages: each has a path of its own, a share button, and every fourth a hidden character."""
    files = {}
    for number in range(40):
        prose, button = (PROSE, "Share on Facebook") if number % 2 else (GERMAN, "Auf Facebook teilen")
        hidden = f"Word\u200b {number}\n" if number % 4 == 0 else ""
        files[f"{number:02}.txt"] = f"{prose}/img/harbour-{number}.jpg\n{hidden}{button}\nEntry {number}. {prose}"
    files["twin.txt"] = PROSE * 3
    files["twin-b.txt"] = PROSE * 3
    return files


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """Give a run with hits on lines, on spans and on a whole document."""
    return run(tmp_path_factory.mktemp("run"), make_files(), **RUNS)


@pytest.fixture
def desk(ran: Result, tmp_path: Path) -> Desk:
    return Desk(ran.out, tmp_path / "v.jsonl", "ada")


def judge_all(desk: Desk, word: Callable[[dict[str, object]], str], count: int = 1000, **narrow: str) -> list[dict]:
    """Answer questions until none is left, or `count` are answered; give the questions."""
    asked = []
    while len(asked) < count:
        question = desk.ask("tab", narrow.get("rule"), narrow.get("language"))["question"]
        if question is None:
            break
        asked.append(question)
        desk.judge(question["rule"], question["digest"], word(question), "")
    return asked


def test_no_text_is_asked_about_twice(desk: Desk) -> None:
    """40 documents bear two different buttons: two questions; spans that cannot be told apart by their text are told by their lines."""
    asked = judge_all(desk, lambda _: "right")
    counts = Counter(question["rule"] for question in asked)
    assert counts == {IMAGE: 40, SHARE: 2, SPACE: 10, "dedupe/exact": 1}
    assert len({(question["rule"], question["digest"]) for question in asked}) == len(asked)


def test_what_matters_most_comes_first(desk: Desk) -> None:
    """The rule that takes most characters, of which nothing is known, is asked about first, and a reviewer stays with it for a batch."""
    asked = [question["rule"] for question in judge_all(desk, lambda _: "right", 2 * BATCH + 5)]
    taken = desk.agenda.pool.table.filter(pl.col("action") != "flag").group_by("rule").agg(pl.col("characters").sum())
    first = taken.sort("characters", descending=True)["rule"][0]
    assert asked[:BATCH] == [first] * BATCH
    assert len(set(asked)) > 1


def test_languages_and_kinds_take_turns(desk: Desk) -> None:
    """Of one rule the languages alternate, and in each language hits drawn by chance and hits in doubt."""
    asked = judge_all(desk, lambda _: "right", 12, rule=IMAGE)
    assert Counter(question["language"] for question in asked) == {"de": 6, "en": 6}
    for language in ("de", "en"):
        drawn = [question["drawn"] for question in asked if question["language"] == language]
        assert drawn == ["chance", "doubt"] * 3


def test_the_choice_can_be_narrowed(desk: Desk) -> None:
    """A reviewer may choose a rule and a language; when they are done, the page says so."""
    asked = judge_all(desk, lambda _: "right", rule=SPACE, language="de")
    assert len(asked) == 10
    assert desk.ask("tab", SPACE, "de")["question"] is None


def test_verdicts_are_on_disk_and_hold_over_a_restart(ran: Result, tmp_path: Path) -> None:
    """After 30 answers a new start has 30 verdicts, asks none of them again, and goes on with the rest."""
    path = tmp_path / "v.jsonl"
    asked = judge_all(Desk(ran.out, path, "ada"), lambda q: "wrong" if q["rule"] == SHARE else "right", 30)
    said = read_verdicts(path)
    assert [(v.rule, v.digest) for v in said] == [(q["rule"], q["digest"]) for q in asked]
    assert {v.reviewer for v in said} == {"ada"}
    assert all(v.digest == digest_hit(v.text, v.context, v.replacement) for v in said)
    rest = judge_all(Desk(ran.out, path, "ada"), lambda _: "right")
    assert len(rest) == 53 - 30
    assert not {q["digest"] for q in rest} & {q["digest"] for q in asked}


def test_verdicts_hold_in_a_later_run(ran: Result, tmp_path: Path) -> None:
    """A second run over more documents asks only about what the first did not have."""
    path = tmp_path / "v.jsonl"
    judge_all(Desk(ran.out, path, "ada"), lambda _: "right")
    more = {**make_files(), "new.txt": f"{PROSE * 50}/img/lighthouse.jpg\n"}
    later = Desk(run(tmp_path / "later", more, **RUNS).out, path, "ada")
    assert [question["id"] for question in judge_all(later, lambda _: "right")] == ["new.txt"]


def test_undo_asks_again(desk: Desk) -> None:
    """What was taken back is asked again with the old answer; the file says that it was withdrawn; undo has an end."""
    first = judge_all(desk, lambda _: "wrong", 1)[0]
    back = desk.undo("tab")
    assert (back["question"]["digest"], back["before"]) == (first["digest"], {"verdict": "wrong", "remark": ""})
    assert [v.verdict for v in read_verdicts(desk.file)] == ["wrong", "withdrawn"]
    assert back["own"] == {"right": 0, "wrong": 0, "unsure": 0}
    assert desk.undo("tab")["nothing"]
    assert first["digest"] in {q["digest"] for q in judge_all(desk, lambda _: "right")}


def test_two_tabs_do_not_ask_the_same(desk: Desk) -> None:
    """Two tabs of the browser hold different questions, and what one answers the other is not asked."""
    one, two = (desk.ask(tab, None, None)["question"] for tab in ("one", "two"))
    assert one["digest"] != two["digest"]
    desk.judge(one["rule"], one["digest"], "right", "")
    desk.judge(two["rule"], two["digest"], "right", "")
    assert len(read_verdicts(desk.file)) == 2


def test_a_tab_that_was_closed_keeps_nothing_back(desk: Desk) -> None:
    """What another tab holds is asked at the end, when nothing else is left."""
    held = desk.ask("closed", SPACE, None)["question"]
    asked = judge_all(desk, lambda _: "right", rule=SPACE)
    assert asked[-1]["digest"] == held["digest"]
    assert len(asked) == 10


def test_two_reviewers(ran: Result, tmp_path: Path) -> None:
    """A second reviewer is not asked what the first judged, unless with `again`; then the page says how far they agree."""
    path = tmp_path / "v.jsonl"
    judge_all(Desk(ran.out, path, "ada"), lambda _: "right", rule=SHARE)
    assert Desk(ran.out, path, "bo").ask("tab", SHARE, None)["question"] is None
    again = Desk(ran.out, path, "bo", again=True)
    words = iter(("right", "wrong"))
    assert len(judge_all(again, lambda _: next(words), rule=SHARE)) == 2
    assert again.overview()["agreement"] == {"hits": 2, "same": 0.5, "kappa": 0.0}


def test_the_overview_is_sorted_by_harm(desk: Desk) -> None:
    """After wrong answers the rule leads the table, with its figures."""
    judge_all(desk, lambda q: "wrong" if q["rule"] == SHARE else "right")
    first = desk.overview()["rules"][0]
    assert {name: first[name] for name in ("rule", "judged", "precision", "left")} == {
        "rule": SHARE, "judged": 1, "precision": 0.0, "left": 0,
    }  # fmt: skip
    assert first["harm"] == first["characters"]


def test_a_question_shows_its_place(desk: Desk) -> None:
    """The line that was hit stands between its neighbours, with all that was done there; those further off are folded."""
    question = desk.ask("tab", SPACE, "de")["question"]
    own = [line for line in question["lines"] if line["own"]]
    assert [piece["text"] for piece in own[0]["pieces"] if piece.get("own")] == ["⟨U+200B⟩"]
    near = [line["number"] for line in question["lines"] if not line["far"]]
    assert own[0]["number"] in near
    assert len(near) <= 5
    whole = desk.document(question["rule"], question["digest"])
    assert {piece.get("rule") for line in whole["lines"] for piece in line["pieces"]} == {None, IMAGE, SPACE, SHARE}


def test_a_duplicate_is_shown_beside_its_twin(desk: Desk) -> None:
    """A dropped document is judged with its kept twin, and its verdict has both texts."""
    question = desk.ask("tab", "dedupe/exact", None)["question"]
    desk.judge(question["rule"], question["digest"], "right", "same")
    said = read_verdicts(desk.file)[0]
    assert (said.text, said.context, said.remark) == (PROSE * 3, PROSE * 3, "same")


def test_a_verdict_by_place(ran: Result, tmp_path: Path) -> None:
    """`verdicts add --out` takes text, language and version from the hit; the desk does not ask it again."""
    path = tmp_path / "v.jsonl"
    arguments = [
        "verdicts",
        "add",
        str(path),
        "--out",
        str(ran.out),
        "--id",
        "01.txt",
        "--rule",
        IMAGE,
        "--verdict",
        "wrong",
    ]
    done = CliRunner().invoke(main, [*arguments, "--line", "1", "--reviewer", "ada"])
    assert (done.exit_code, done.output) == (0, f"added 1 verdict to {path}\n")
    said = read_verdicts(path)[0]
    assert (said.text, said.language, said.source, said.id) == ("/img/harbour-1.jpg", "en", "01.txt", "01.txt")
    assert said.digest not in {q["digest"] for q in judge_all(Desk(ran.out, path, "ada"), lambda _: "right")}
    with pytest.raises(InputError, match=r"hit nothing there: 01\.txt, line 0\n  hint: it hit lines 1: name one"):
        find_questions(ran.out, IMAGE, "01.txt", 0)


def test_a_pool_has_the_texts_uncut(ran: Result) -> None:
    """A span is told by its line, a line by itself."""
    pool = read_pool(ran.out, [SPACE, SHARE])
    assert {question.rule for question in pool.everything()} == {SPACE, SHARE}
    assert {(q.text, q.context is None) for q in pool.everything() if q.rule == SHARE} == {
        ("Share on Facebook", True),
        ("Auf Facebook teilen", True),
    }
    assert all(q.context == f"Word\u200b {int(q.id[:2])}" for q in pool.everything() if q.rule == SPACE)


def test_rules_in_draft_can_be_judged(tmp_path: Path) -> None:
    """What a rule in draft would take is asked about, in its place, beside what others did; hits of other rules are not."""
    head = (builtin_folder() / "boilerplate/image-path.toml").read_text("utf-8")
    own = tmp_path / "rules" / "boilerplate" / "harbour-image.toml"
    own.parent.mkdir(parents=True)
    own.write_text(head.replace('status = "stable"', 'status = "draft"'), "utf-8")
    files = {"a.txt": f"/img/a.jpg\nShare on Facebook\n{PROSE}"}
    chosen = ["boilerplate/harbour-image", SHARE]
    result = run(tmp_path, files, rules=[tmp_path / "rules"], select=chosen)
    desk = Desk(result.out, tmp_path / "v.jsonl", "ada", drafts=True)
    question = desk.ask("tab", None, None)["question"]
    pieces = [piece for line in question["lines"] for piece in line["pieces"]]
    assert (question["rule"], [piece["text"] for piece in pieces if piece.get("own")]) == (chosen[0], ["/img/a.jpg"])
    assert {piece.get("rule") for piece in pieces} == {None, *chosen}
    desk.judge(question["rule"], question["digest"], "right", "")
    assert desk.ask("tab", None, None)["question"] is None
    assert [(row["rule"], row["judged"], row["characters"]) for row in desk.overview()["rules"]] == [(chosen[0], 1, 10)]


class Server:
    """A server in a thread, and a client that may lie about who it is."""

    def __init__(self, desk: Desk) -> None:
        uvicorn = pytest.importorskip("uvicorn")
        pytest.importorskip("starlette")
        import socket

        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.token = "t" * 32
        app = make_app(desk, self.token, self.port)
        self.server = uvicorn.Server(
            uvicorn.Config(app, log_level="error", access_log=False, lifespan="off", ws="none")
        )
        self.thread = threading.Thread(target=self.server.run, kwargs={"sockets": [self.socket]})
        self.thread.start()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(
        self, method: str, path: str, body: object = None, **headers: str
    ) -> tuple[int, bytes, http.client.HTTPMessage]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        data = json.dumps(body).encode() if not isinstance(body, bytes | None) else body
        connection.putrequest(method, path, skip_host=True)
        sent = {"Host": f"127.0.0.1:{self.port}", **{name.replace("_", "-"): value for name, value in headers.items()}}
        if data is not None:
            sent = {"Content-Type": "application/json", "Content-Length": str(len(data)), **sent}
        for name, value in sent.items():
            connection.putheader(name, value)
        connection.endheaders(data)
        answer = connection.getresponse()
        with contextlib.closing(connection):
            return answer.status, answer.read(), answer.headers

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join(timeout=20)
        self.socket.close()


@pytest.fixture
def server(desk: Desk) -> Iterator[Server]:
    """Serve a desk on a free port; it is stopped at the end."""
    started = Server(desk)
    yield started
    started.stop()


def test_the_page_and_its_data(server: Server, desk: Desk) -> None:
    """Whoever has the address gets the page, a question, and may judge."""
    status, body, headers = server.ask("GET", f"/{server.token}/")
    assert (status, b"<title>cleanse: review</title>" in body) == (200, True)
    assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in headers["content-security-policy"]
    assert (headers["cache-control"], headers["referrer-policy"]) == ("no-store", "no-referrer")
    status, body, _ = server.ask("POST", f"/{server.token}/next", {"desk": "a"}, Origin=server.origin)
    question = json.loads(body)["question"]
    said = {"rule": question["rule"], "digest": question["digest"], "verdict": "wrong", "remark": "no"}
    assert server.ask("POST", f"/{server.token}/verdict", said, Origin=server.origin)[:2] == (200, b'{"saved":true}')
    assert [(v.verdict, v.remark) for v in read_verdicts(desk.file)] == [("wrong", "no")]


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/", {}, 404),
        ("GET", "/wrong/", {}, 404),
        ("GET", "/{token}", {}, 307),
        ("GET", "/{token}/", {"Host": "evil.example"}, 403),
        ("GET", "/{token}/", {"Host": "evil.example:{port}"}, 403),
        ("GET", "/{token}/", {"Origin": "http://evil.example"}, 403),
        ("GET", "/{token}/next", {}, 405),
        ("POST", "/wrong/next", {"Origin": "{origin}"}, 404),
        ("POST", "/{token}/next", {}, 403),
        ("POST", "/{token}/next", {"Origin": "null"}, 403),
        ("POST", "/{token}/next", {"Origin": "http://127.0.0.1:1"}, 403),
        ("POST", "/{token}/next", {"Origin": "http://evil.example"}, 403),
        ("POST", "/{token}/next", {"Origin": "{origin}", "Content_Type": "text/plain"}, 400),
        ("POST", "/{token}/nothing", {"Origin": "{origin}"}, 404),
        ("GET", "/{token}/../../etc/passwd", {}, 404),
    ],
)
def test_nobody_else_is_answered(
    server: Server, desk: Desk, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    """No token, another host or origin, or a form that another page sends: no data, and no verdict."""
    filled = {
        name: value.format(origin=server.origin, port=server.port) if "{" in value else value
        for name, value in headers.items()
    }
    body = {"desk": "a"} if method == "POST" else None
    got, answer, _ = server.ask(method, path.format(token=server.token), body, **filled)
    assert got == status
    assert b"harbour" not in answer
    assert server.token.encode() not in answer
    assert not desk.file.exists()


@pytest.mark.parametrize(
    ("place", "body"),
    [
        ("verdict", {"rule": IMAGE, "digest": "0" * 32, "verdict": "right"}),
        ("verdict", {"rule": IMAGE, "verdict": "right"}),
        ("verdict", b"{"),
        ("verdict", ["right"]),
        ("verdict", {"rule": IMAGE, "digest": ["x"], "verdict": "right"}),
        ("verdict", b'{"remark": "' + b"x" * 200_000 + b'"}'),
        ("document", {"rule": "../../etc", "digest": "passwd"}),
        ("next", {}),
    ],
)
def test_what_is_sent_is_checked(server: Server, desk: Desk, place: str, body: object) -> None:
    """A verdict on what is no question, or a body that is no object of texts, changes nothing."""
    assert server.ask("POST", f"/{server.token}/{place}", body, Origin=server.origin)[0] == 400
    assert not desk.file.exists()


def test_a_withdrawn_word_cannot_be_sent(server: Server, desk: Desk) -> None:
    """Only undo takes a verdict back."""
    question = desk.ask("tab", None, None)["question"]
    said = {"rule": question["rule"], "digest": question["digest"], "verdict": "withdrawn"}
    assert server.ask("POST", f"/{server.token}/verdict", said, Origin=server.origin)[0] == 400


def test_a_verdict_that_cannot_be_written_is_not_counted(server: Server, desk: Desk) -> None:
    """Where the file cannot be written the page is told, and the question stays open."""
    question = desk.ask("tab", None, None)["question"]
    desk.file.mkdir()
    said = {"rule": question["rule"], "digest": question["digest"], "verdict": "right"}
    status, body, _ = server.ask("POST", f"/{server.token}/verdict", said, Origin=server.origin)
    assert (status, b"cannot write" in body) == (500, True)
    assert desk.ask("tab", None, None)["own"] == {"right": 0, "wrong": 0, "unsure": 0}


def test_without_its_parts_one_sentence_says_so(ran: Result) -> None:
    """Without starlette the command says what to install, and nothing else of cleanse needs it."""
    code = (
        "import sys; sys.modules['starlette'] = sys.modules['uvicorn'] = None\n"
        "from cleanse.cli import main\n"
        f"main(['review', {str(ran.out)!r}])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "error: `cleanse review` needs starlette and uvicorn: starlette",
        "  hint: pip install 'cleanse-corpus[review]'; `cleanse verdicts add` does without",
    ]


def test_control_c_ends_it(ran: Result, tmp_path: Path) -> None:
    """Who is done presses Control-C: no traceback, status 0."""
    pytest.importorskip("uvicorn")
    command = [sys.executable, "-u", "-m", "cleanse", "review", str(ran.out), "--verdicts", str(tmp_path / "v.jsonl")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        address = process.stdout.readline().removeprefix("review at ").strip()
        with urllib.request.urlopen(address, timeout=60) as page:  # it listens already, and answers when it serves
            assert page.status == 200
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, "")


def test_a_port_that_is_taken(ran: Result, tmp_path: Path) -> None:
    """Where another program listens the error names the port and the way out."""
    pytest.importorskip("uvicorn")
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OptionError, match=f"cannot listen: .*: port {port}\n  hint: choose another with --port"):
            serve(ran.out, tmp_path / "v.jsonl", "ada", port=port)
