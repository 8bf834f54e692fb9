"""A review in a real headless Chromium, driven through playwright; skipped where either is missing."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cleanse.verdicts import read_verdicts
from tests.runs import run

pytestmark = pytest.mark.slow
pytest.importorskip("starlette")
pytest.importorskip("uvicorn")
playwright = pytest.importorskip("playwright.sync_api")

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
SHARE, IMAGE, SPACE = "boilerplate/share", "boilerplate/image-path", "encoding/zero-width-space"
PROSE = "The harbour office opens at nine, and the ferry leaves when the tide allows it.\n"
ARABIC = "يفتح مكتب الميناء في التاسعة، وتبحر العبارة حين يسمح المد بذلك.\n"
BAD = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Give a headless Chromium."""
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip(f"no Chromium: install one of {', '.join(BROWSERS)}, or name one in CHROMIUM")
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give an OUT with 45 different hits in two directions of writing, hostile texts and ids, and a duplicate."""
    rows = [
        {"id": f"{number} {BAD if number % 3 == 0 else ''}", "text": f"{prose}/img/{number}.jpg\n{tail}\nWord {number}. {prose}{BAD}\n"}
        for number in range(36)
        for prose, tail in [(PROSE, "Share on Facebook") if number % 2 else (ARABIC, "شارك على فيسبوك")]
    ]  # fmt: skip
    rows += [{"id": f"space {number}", "text": f"Fer\u200bry {number}. {BAD} {PROSE * 2}"} for number in range(6)]
    rows += [{"id": "twin", "text": PROSE * 3}, {"id": "twin 2", "text": PROSE * 3}]
    files = {"rows.jsonl": "".join(f"{json.dumps(row)}\n" for row in rows)}
    chosen = {"select": [SHARE, IMAGE, SPACE, "dedupe/exact"]}
    return run(tmp_path_factory.mktemp("run"), files, **chosen).out


class Review:
    """`cleanse review` as a user starts it."""

    def __init__(self, out: Path, file: Path, *more: str) -> None:
        command = [
            sys.executable,
            "-u",
            "-m",
            "cleanse",
            "review",
            str(out),
            "--verdicts",
            str(file),
            "--reviewer",
            "ada",
            *more,
        ]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.address = re.search(r"http://\S+", self.process.stdout.readline()).group()

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=20)
        self.process.stdout.close()


@pytest.fixture
def start(tmp_path: Path, out: Path) -> Iterator[Any]:
    """Give a function that starts a review, with the verdicts in `v.jsonl`; all are stopped at the end."""
    started: list[Review] = []

    def begin(*more: str) -> Review:
        started.append(Review(out, tmp_path / "v.jsonl", *more))
        return started[-1]

    yield begin
    for review in started:
        review.stop()


def open_page(browser: Any, address: str, **options: Any) -> Any:
    """Open a page that fails the test on any error of a script, and on any address but its own."""
    page = browser.new_context(**options).new_page()
    page.errors = []
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    origin = re.match(r"http://[^/]+/", address).group()
    page.on("request", lambda request: request.url.startswith(origin) or page.errors.append(request.url))
    page.goto(address)
    page.wait_for_selector("#title:not(:empty)")
    settle(page)
    return page


def settle(page: Any) -> None:
    """Wait until the page has what it asked for. Its policy lets no script of a test wait inside of it."""
    page.wait_for_selector('main[aria-busy="false"]')


def answer(page: Any, key: str) -> None:
    """Press a key, and wait until the page shows another question or none."""
    with page.expect_response(lambda response: response.url.endswith("/next")):
        page.keyboard.press(key)
    settle(page)


def test_thirty_samples_a_restart_and_all_are_there(browser: Any, start: Any, tmp_path: Path) -> None:
    """A reviewer types through 30 samples with remarks and an undo; after a restart they are found again, and others are asked."""
    review = start()
    page = open_page(browser, review.address)
    for number in range(30):
        if number == 3:
            page.keyboard.press("m")
            page.keyboard.type("2 1 z is text here, هنا أيضا")
            page.keyboard.press("Escape")
        answer(page, "2" if number == 3 else "3" if number == 5 else "1")
    assert page.inner_text("#own") == "28 right, 1 wrong, 1 unsure"
    said = read_verdicts(tmp_path / "v.jsonl")
    assert len({(v.rule, v.digest) for v in said}) == 30
    assert [(v.verdict, v.remark) for v in said if v.remark] == [("wrong", "2 1 z is text here, هنا أيضا")]
    shown = page.inner_text("#where")
    with page.expect_response(lambda response: response.url.endswith("/undo")):
        page.keyboard.press("z")
    settle(page)
    assert page.inner_text("#own") == "27 right, 1 wrong, 1 unsure"
    assert page.inner_text("#where") != shown
    answer(page, "2")
    assert page.errors == []
    review.stop()
    page = open_page(browser, start().address)
    assert page.inner_text("#own") == "27 right, 2 wrong, 1 unsure"
    while page.is_visible("#question"):
        answer(page, "1")
    said = read_verdicts(tmp_path / "v.jsonl")
    assert len({(v.rule, v.digest) for v in said}) == 36 + 2 + 6 + 1
    assert len([v for v in said if v.verdict == "withdrawn"]) == 1
    assert page.is_visible("#nothing")


def test_by_mouse(browser: Any, start: Any, tmp_path: Path) -> None:
    """Buttons do what keys do; a rule is chosen from the table, and the figures follow."""
    page = open_page(browser, start().address)
    page.click("#overview-button")
    page.click(f"#table button:text-is('{SHARE}') >> nth=0")
    playwright.expect(page.locator("#rule-name")).to_have_text(SHARE)
    settle(page)
    with page.expect_response(lambda response: response.url.endswith("/next")):
        page.click("button.wrong")
    settle(page)
    assert [(v.rule, v.verdict) for v in read_verdicts(tmp_path / "v.jsonl")] == [(SHARE, "wrong")]
    playwright.expect(page.locator("#table tr:first-child td:nth-child(5)")).to_have_text("1")
    assert page.inner_text("#table tr:first-child").split()[:1] == [SHARE]
    page.select_option("#rule", "")
    playwright.expect(page.locator("#rule-name")).not_to_have_text(SHARE)
    assert page.errors == []


def test_hostile_texts_do_nothing(browser: Any, start: Any) -> None:
    """Markup in texts and ids is shown as text, in the question, around it and in the whole document."""
    page = open_page(browser, start("--rule", SPACE).address)
    seen = 0
    while page.is_visible("#question"):
        page.keyboard.press("c")
        page.keyboard.press("d")
        page.wait_for_selector("#document-lines .own")
        seen += BAD in page.inner_text("#lines .own") and BAD in page.inner_text("#document-lines")
        assert page.title() == "cleanse: review"
        answer(page, "1")
    assert seen == 6
    assert page.locator("img, iframe, #lines script").count() == 0
    assert page.errors == []


def test_a_second_tab(browser: Any, start: Any, tmp_path: Path) -> None:
    """Two tabs hold different questions; what one answers shows in the count of the other, and nothing is lost."""
    address = start().address
    one, two = (open_page(browser, address) for _ in range(2))
    for _ in range(4):
        assert one.inner_text("#lines") + one.inner_text("#where") != two.inner_text("#lines") + two.inner_text(
            "#where"
        )
        answer(one, "1")
        answer(two, "2")
    said = read_verdicts(tmp_path / "v.jsonl")
    assert len({(v.rule, v.digest) for v in said}) == 8
    assert two.inner_text("#own") == "4 right, 4 wrong, 0 unsure"


def test_a_page_that_is_loaded_again(browser: Any, start: Any) -> None:
    """A reload shows the same question, so none is lost."""
    page = open_page(browser, start().address)
    answer(page, "1")
    shown = page.inner_text("#lines"), page.inner_text("#where")
    for _ in range(3):
        page.reload()
        page.wait_for_selector("#title:not(:empty)")
        settle(page)
        assert (page.inner_text("#lines"), page.inner_text("#where")) == shown
    assert page.inner_text("#own") == "1 right, 0 wrong, 0 unsure"


def test_a_token_that_is_missing_or_wrong(browser: Any, start: Any) -> None:
    """Without the token there is no page, and no data for a page of somebody else."""
    address = start().address
    page = browser.new_page()
    root = re.match(r"http://[^/]+/", address).group()
    for wrong in (root, f"{root}guessed/", f"{address[:-2]}/"):
        assert page.goto(wrong).status == 404
    page.goto("data:text/html,<title>evil</title>")
    stolen = page.evaluate(
        "async (address) => { try { return await (await fetch(address + 'next', { method: 'POST', body: '{\"desk\": \"a\"}' })).text() } "
        "catch (error) { return 'blocked' } }",
        address,
    )
    assert stolen == "blocked"


def test_a_server_that_is_gone(browser: Any, start: Any) -> None:
    """Where the verdict cannot be saved the page says so, and keeps the question."""
    review = start()
    page = open_page(browser, review.address)
    shown = page.inner_text("#where")
    review.stop()
    page.keyboard.press("1")
    page.wait_for_selector("#error:not([hidden])")
    assert "Is cleanse review still running?" in page.inner_text("#error")
    assert page.inner_text("#where") == shown


@pytest.mark.parametrize(
    "options",
    [{}, {"color_scheme": "dark"}, {"viewport": {"width": 360, "height": 740}, "has_touch": True}],
    ids=["light", "dark", "phone"],
)
def test_it_fits_and_can_be_read(browser: Any, start: Any, options: dict[str, Any]) -> None:
    """Nothing sticks out to the side, texts stand out from their ground, and the three answers are in sight."""
    page = open_page(browser, start().address, **options)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert all(page.locator(f"button.{name}").is_visible() for name in ("right", "wrong", "unsure"))
    contrast = page.evaluate(
        """() => {
          const light = (name) => {
            const parts = getComputedStyle(document.body)[name].match(/[\\d.]+/g).slice(0, 3).map((part) => part / 255);
            const [r, g, b] = parts.map((part) => part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
            return 0.2126 * r + 0.7152 * g + 0.0722 * b;
          };
          const [a, b] = [light("color"), light("backgroundColor")].sort((x, y) => y - x);
          return (a + 0.05) / (b + 0.05);
        }"""
    )
    assert contrast > 7


def test_lines_run_in_their_own_direction(browser: Any, start: Any) -> None:
    """An Arabic line runs from the right, the page around it from the left."""
    page = open_page(browser, start("--rule", IMAGE).address)
    page.select_option("#language", "ar")
    playwright.expect(page.locator("#where")).to_contain_text("· ar ·")
    own = page.locator("#lines .line .text").filter(has_text="الميناء").first
    assert own.evaluate("(line) => getComputedStyle(line).direction") == "rtl"
    assert page.evaluate("getComputedStyle(document.body).direction") == "ltr"


def test_every_control_has_a_name(browser: Any, start: Any) -> None:
    """Whoever does not see the page hears what each control is, and that the question changed."""
    page = open_page(browser, start().address)
    for role, names in {
        "button": ["Right", "Wrong", "Unsure", "Undo", "More lines", "Whole document", "Rules by harm"],
        "combobox": ["Rule", "Language"],
        "textbox": ["Remark"],
    }.items():
        for name in names:
            assert page.get_by_role(role, name=name).count() == 1, name
    assert page.locator("[aria-live]").count() >= 2
    answer(page, "1")
    assert page.evaluate("document.activeElement.id") == "question"
