"""The page's server, on loopback alone."""

from __future__ import annotations

import asyncio
import json
import secrets
import socket
from collections.abc import Callable
from pathlib import Path

from aiohttp import web

from pipeline.process.signals import on_stop_signal
from pipeline.review.guard import Guard, Handler
from pipeline.review.session import Refused, ReviewSession
from pipeline.run.errors import RunError

FOLDER = Path(__file__).parent
HOST = "127.0.0.1"
MOST_BYTES = 8 * 2**20
"""The largest decision: an edited answer of a megabyte, escaped, and room."""
FILES = {
    "/": ("page.html", "text/html"),
    "/page.js": ("page.js", "text/javascript"),
    "/page.css": ("page.css", "text/css"),
}


def serve(session: ReviewSession, port: int, on_ready: Callable[[str], None]) -> None:
    """Serves until Ctrl-C or SIGTERM; `on_ready` is told the address with its token. RunError for a port in use."""
    asyncio.run(_serve(session, port, on_ready))


async def _serve(session: ReviewSession, port: int, on_ready: Callable[[str], None]) -> None:
    stop = asyncio.Event()
    with _listen(port) as listening, on_stop_signal(stop.set):
        port, token = listening.getsockname()[1], secrets.token_urlsafe(32)
        runner = web.AppRunner(make_app(session, Guard(token, port)), access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        try:
            await web.SockSite(runner, listening).start()
            on_ready(f"http://{HOST}:{port}/?token={token}")
            await stop.wait()
        finally:
            await runner.cleanup()


def make_app(session: ReviewSession, guard: Guard) -> web.Application:
    """Makes the routes: three files of the page, and the session as JSON."""
    app = web.Application(middlewares=[guard.middleware], client_max_size=MOST_BYTES)
    for path, (name, kind) in FILES.items():
        app.router.add_get(path, _file(name, kind))
    app.router.add_get("/api/pile", lambda _: _json(session.overview))
    app.router.add_get(r"/api/items/{place:\d{1,9}}", lambda request: _show(session, request))
    app.router.add_post("/api/decisions", lambda request: _decide(session, request))
    return app


def _listen(port: int) -> socket.socket:
    try:
        return socket.create_server((HOST, port))
    except OSError as error:
        raise RunError(f"port {port} of {HOST} cannot be used ({error.strerror}): choose another --port") from error


def _file(name: str, kind: str) -> Handler:
    # Read at the start: an upgrade while the page is open must not mix two versions.
    text = (FOLDER / name).read_text(encoding="utf-8")

    async def answer(_: web.Request) -> web.Response:
        return web.Response(text=text, content_type=kind, charset="utf-8")

    return answer


async def _json(read: Callable[[], object]) -> web.Response:
    return web.json_response(read())


async def _show(session: ReviewSession, request: web.Request) -> web.Response:
    place = int(request.match_info["place"])
    if place >= len(session.pile.items):
        raise web.HTTPNotFound(text="no such sample")
    return web.json_response(session.show(place))


async def _decide(session: ReviewSession, request: web.Request) -> web.Response:
    try:
        body = await request.json()
        if not isinstance(body, dict):
            body = {}  # says nothing, which is refused as such
        return web.json_response(session.decide(body))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise web.HTTPBadRequest(text="no JSON") from error
    except Refused as error:
        raise web.HTTPBadRequest(text=str(error)) from error
    except RunError as error:  # a full disk: the page must not say "saved"
        raise web.HTTPInternalServerError(text=str(error)) from error
