"""Who may talk to the review's server: the browser that was given the token, on this machine, from this page.

A page of another origin can send requests to a port of this machine, and a name that it controls can be made to resolve
to 127.0.0.1 (DNS rebinding). So: the Host must be a loopback name, a decision must have this page's Origin, and every
request but the first needs the cookie that the token was exchanged for.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from aiohttp import web

LOOPBACK = {"127.0.0.1", "localhost", "::1"}

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
"""Of every answer. What a model wrote is text in the page already; with these it could do nothing even as markup."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Guard:
    """Knows the token; `middleware` is what aiohttp runs around every request."""

    def __init__(self, token: str, port: int) -> None:
        self._token = token
        self._cookie = f"stillhouse_review_{port}"  # cookies do not tell ports apart: two reviews may be open

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Refuses with 403, or lets through; sets the headers either way."""
        try:
            response = await self._answer(request, handler)
        except web.HTTPException as error:
            error.headers.update(HEADERS)
            raise
        response.headers.update(HEADERS)
        return response

    async def _answer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if urlsplit(f"//{request.host}").hostname not in LOOPBACK:
            raise web.HTTPForbidden(text="this page is only for the machine that it runs on")
        if request.path == "/" and "token" in request.query:
            return self._exchange(request.query["token"])
        if not self._same(request.cookies.get(self._cookie, "")):
            raise web.HTTPForbidden(text="open the address that `stillhouse review` printed: it has the token")
        if request.method != "GET" and request.headers.get("Origin") != f"http://{request.host}":
            raise web.HTTPForbidden(text="not from this page")
        return await handler(request)

    def _exchange(self, token: str) -> web.Response:
        """Gives the cookie for the token, and an address without it: addresses are kept in the browser's history."""
        if not self._same(token):
            raise web.HTTPForbidden(text="wrong token: open the address that `stillhouse review` printed last")
        response = web.Response(status=303, headers={"Location": "/"})
        response.set_cookie(self._cookie, self._token, httponly=True, samesite="Strict", path="/")
        return response

    def _same(self, token: str) -> bool:
        return hmac.compare_digest(token.encode(errors="surrogateescape"), self._token.encode())
