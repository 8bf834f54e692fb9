"""The server behind the reviewer's page: on this machine only, for whoever knows its address.

It listens on the loopback interface. Each address begins with a token that is new for every start; `Host` must be the one that was printed, so that no name of
somebody else's can be pointed here, and what changes something must come from our own page (`Origin`). Nothing but the page and its data is served.
"""

from __future__ import annotations

import contextlib
import hmac
import os
import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import orjson

from cleanse.errors import CleanseError, InputError, OptionError, OutputError
from cleanse.interrupts import Interrupted
from cleanse.report import hash_source, make_environment
from cleanse.review.desk import Desk

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

HOST = "127.0.0.1"
BODY_BYTES = 100_000  # of one request


class Guard:
    """Who may ask: only our own page, under the address that was printed."""

    def __init__(self, token: str, port: int, policy: str) -> None:
        """Remember the token, the names of this machine with the port, and the policy that every answer bears."""
        self.token = token.encode()
        self.names = (f"{HOST}:{port}", f"localhost:{port}")
        self.origins = tuple(f"http://{name}" for name in self.names)
        self.headers = {
            "cache-control": "no-store",
            "referrer-policy": "no-referrer",
            "x-content-type-options": "nosniff",
            "x-frame-options": "DENY",
            "cross-origin-resource-policy": "same-origin",
            "content-security-policy": policy,
        }

    def refuse(self, request: Request) -> tuple[int, str] | None:
        """Say no, with a status and a reason, or give None.

        Refused are other names of this machine, wrong tokens, and what another page asks for.
        """
        if request.headers.get("host") not in self.names:
            return 403, "wrong host"
        if not hmac.compare_digest(str(request.path_params["token"]).encode(), self.token):
            return 404, "not found: open the address that `cleanse review` printed"
        origin = request.headers.get("origin")
        if origin not in (*self.origins, *([None] if request.method == "GET" else [])):
            return 403, "wrong origin"
        return None


async def read_body(request: Request) -> dict[str, str]:
    """Read a JSON object of texts, BODY_BYTES at most.

    Raises:
        InputError: it is something else.
    """
    if request.headers.get("content-type", "").split(";")[0] != "application/json":
        raise InputError("not JSON")
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > BODY_BYTES:
            raise InputError("too long")
    try:
        given = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InputError("not JSON") from error
    if not isinstance(given, dict) or not all(isinstance(value, str) for value in given.values()):
        raise InputError("not an object of texts")
    return given


ANSWERS: dict[str, Callable[[Desk, dict[str, str]], dict[str, Any]]] = {
    "next": lambda desk, given: desk.ask(given["desk"], given.get("rule") or None, given.get("language") or None),
    "verdict": lambda desk, given: desk.judge(
        given["rule"], given["digest"], given["verdict"], given.get("remark", "")
    ),
    "undo": lambda desk, given: desk.undo(given["desk"]),
    "document": lambda desk, given: desk.document(given["rule"], given["digest"]),
    "rules": lambda desk, _: desk.overview(),
}


def make_app(desk: Desk, token: str, port: int) -> Starlette:
    """Make the application of a desk.

    It answers under /TOKEN/ alone, and only to requests for this machine and port.
    """
    from starlette.applications import Starlette
    from starlette.concurrency import run_in_threadpool
    from starlette.responses import Response
    from starlette.routing import Route

    html, policy = render_page(desk)
    guard = Guard(token, port, policy)

    async def show_page(request: Request) -> Response:
        refused = guard.refuse(request)
        if refused is not None:
            return Response(refused[1], refused[0], guard.headers)
        return Response(html, 200, guard.headers, "text/html; charset=utf-8")

    async def answer(request: Request) -> Response:
        refused = guard.refuse(request)
        if refused is None and request.path_params["what"] not in ANSWERS:
            refused = 404, "not found"
        if refused is not None:
            return Response(refused[1], refused[0], guard.headers)
        try:
            given = await read_body(request)
            found = await run_in_threadpool(ANSWERS[request.path_params["what"]], desk, given)
        except (CleanseError, KeyError) as error:
            status = 500 if isinstance(error, OutputError) else 400
            return Response(str(error), status, guard.headers)
        return Response(orjson.dumps(found), 200, guard.headers, "application/json")

    return Starlette(
        routes=[
            Route("/{token}/", show_page, methods=["GET"]),
            Route("/{token}/{what}", answer, methods=["POST"]),
        ]
    )


def render_page(desk: Desk) -> tuple[str, str]:
    """Give the page of the desk and its content-security policy.

    Nothing runs but our own script, which the policy knows by its hash.
    """
    environment, shared = make_environment("cleanse.review")
    script, style = (environment.loader.get_source(environment, name)[0] for name in ("review.js", "review.css"))
    style = f"{shared['style']}\n{style}"
    policy = (
        f"default-src 'none'; script-src '{hash_source(script)}'; style-src '{hash_source(style)}'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    html = environment.get_template("review.html").render(
        script=script, style=style, out=desk.out.name, file=str(desk.file), reviewer=desk.reviewer, show=shared["show"]
    )
    return html, policy


def serve(
    out: str | os.PathLike[str],
    file: str | os.PathLike[str],
    reviewer: str,
    *,
    rules: tuple[str, ...] = (),
    again: bool = False,
    drafts: bool = False,
    port: int = 0,
    announce: Callable[[str], None] = print,
) -> None:
    """Serve the questions of OUT on this machine until it is interrupted.

    `announce` gets the address when it listens.

    Raises:
        OptionError: starlette or uvicorn is not installed, or the port is taken. InputError: OUT cannot be read.
    """
    import socket

    try:
        import starlette  # noqa: F401 - said here, in one sentence, rather than by a traceback later
        import uvicorn
    except ImportError as error:
        hint = "pip install 'cleanse-corpus[review]'; `cleanse verdicts add` does without"
        raise OptionError("`cleanse review` needs starlette and uvicorn", where=error.name, hint=hint) from error
    desk = Desk(out, file, reviewer, rules=rules, again=again, drafts=drafts)
    token = secrets.token_urlsafe(24)
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    with contextlib.closing(listener):
        try:
            listener.bind((HOST, port))
        except OSError as error:
            hint = "choose another with --port, or leave it out"
            raise OptionError(f"cannot listen: {error.strerror}", where=f"port {port}", hint=hint) from error
        listener.listen()
        number = listener.getsockname()[1]
        app = make_app(desk, token, number)
        # Access logs would write the token to a terminal that may be shared; proxies are none of our business.
        config = uvicorn.Config(app, log_level="error", access_log=False, proxy_headers=False, server_header=False, ws="none", lifespan="off")  # fmt: skip
        announce(f"http://{HOST}:{number}/{token}/")
        with contextlib.suppress(KeyboardInterrupt, Interrupted):  # the way to end it
            uvicorn.Server(config).run(sockets=[listener])
