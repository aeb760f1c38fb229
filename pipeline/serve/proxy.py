"""The cascade behind an OpenAI-compatible endpoint. The protocol is fastapi-openai-compat's, the server is uvicorn."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from importlib.util import find_spec
from socket import socket
from typing import TYPE_CHECKING, Any

from pipeline.serve.cascade import Cascade
from pipeline.serve.engines import MODEL
from pipeline.serve.wire import chunks, completion, read_request
from prompts.errors import MissingExtra
from teachers.errors import AuthError, InvalidRequest, RateLimited, TeacherError, Unsupported

if TYPE_CHECKING:
    from fastapi import FastAPI, HTTPException
    from fastapi_openai_compat import ChatCompletion


def require_proxy() -> None:
    """MissingExtra where the proxy's packages are not installed."""
    if any(find_spec(name) is None for name in ("fastapi", "fastapi_openai_compat", "uvicorn")):
        raise MissingExtra("a cascade", "serve")


def build_app(cascade: Cascade) -> FastAPI:
    """Builds the application: /v1/chat/completions, /v1/models and /health."""
    from fastapi import FastAPI
    from fastapi_openai_compat import ChatCompletion, create_chat_completion_router

    async def run_completion(model: str, messages: list[Any], body: dict[str, Any]) -> Any:
        try:
            asked = read_request(body)
        except (ValueError, TypeError, KeyError, AttributeError) as error:  # of a body that is not the protocol's
            raise _http_error(400, error) from error
        try:
            answered = await cascade.answer(asked)
        except TeacherError as error:
            raise _of_teacher(error) from error
        if not asked.stream:
            return ChatCompletion(**completion(answered, cascade.threshold))
        parts = chunks(answered, cascade.threshold, with_usage=asked.with_usage)
        return _stream([ChatCompletion(**part) for part in parts])

    # No pages of documentation: they load scripts from a foreign host.
    app = FastAPI(title="stillhouse cascade", docs_url=None, redoc_url=None)
    app.include_router(create_chat_completion_router(list_models=lambda: [MODEL], run_completion=run_completion))
    app.add_api_route("/health", lambda: {"status": "ok"})
    return app


async def serve_app(app: FastAPI, host: str, port: int, on_ready: Callable[[], None]) -> None:
    """Serves until Ctrl-C or SIGTERM, which it raises again once open requests have ended."""
    import uvicorn

    # uvicorn has no hook for it: the lifespan's startup is over before a port is bound.
    class Server(uvicorn.Server):
        """Says when it listens."""

        async def startup(self, sockets: list[socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started:
                on_ready()

    await Server(uvicorn.Config(app, host=host, port=port, log_level="warning")).serve()


async def _stream(parts: list[ChatCompletion]) -> AsyncGenerator[ChatCompletion, None]:
    for part in parts:
        yield part


def _of_teacher(error: TeacherError) -> HTTPException:
    """Returns what an OpenAI client knows how to treat: it waits and retries after 429 and 503, and no other."""
    match error:
        case Unsupported() | InvalidRequest():
            return _http_error(400, error)
        case RateLimited():
            return _http_error(429, error, retry_after_s=error.retry_after_s)
        case AuthError():
            return _http_error(502, error, retry=False)  # the server's key, not the client's
        case _:
            return _http_error(503, error, retry_after_s=error.retry_after_s)


def _http_error(
    status: int, error: Exception, *, retry_after_s: float | None = None, retry: bool = True
) -> HTTPException:
    from fastapi import HTTPException

    headers = {}
    if retry_after_s is not None:
        headers["retry-after"] = f"{retry_after_s:.0f}"
    if not retry:
        headers["x-should-retry"] = "false"  # OpenAI's clients retry a 502 without it
    return HTTPException(status, detail=str(error), headers=headers)
