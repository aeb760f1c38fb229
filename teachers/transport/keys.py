"""A provider's key: read from the environment, and cut from whatever is shown or stored."""

from __future__ import annotations

import os
from collections.abc import Iterable

from teachers.base import Reply
from teachers.errors import AuthError, Malformed, TeacherError
from teachers.spec import Spec

NO_KEY = "no-key-needed"
"""Sent to a server on this machine where the environment has no key."""

_SHORTEST_SECRET = 8
"""Dummy keys for local servers ("x", "none") are words of ordinary messages; they are no secrets."""

_SHORTEST_REAL_KEY = 16
"""A real key is longer and mixes letters with digits: a shorter or plainer word can be a model's own."""


def read_key(name: str, spec: Spec) -> str:
    """Returns the key in the variable `name`; AuthError where there is none and the server is not on this machine."""
    key = os.environ.get(name, "").strip()
    if not key and spec.is_loopback:
        return NO_KEY
    if not key:
        raise AuthError("no key", provider=spec.provider, remedy=f"Set {name} in the environment")
    # A line break or a quote that was pasted along: better found here than in the middle of a run.
    if not (key.isascii() and key.isprintable()):
        problem = "the key holds characters no header can carry"
        raise AuthError(problem, provider=spec.provider, remedy=f"Set {name} again")
    return key


def redact(text: str, secret: str) -> str:
    """Returns the text without the secret, which servers like to echo."""
    if len(secret) < _SHORTEST_SECRET:
        return text
    return text.replace(secret, "***")


def redact_error(error: TeacherError, secret: str) -> TeacherError:
    """Returns the same error, its message without the secret."""
    error.args = tuple(redact(str(arg), secret) for arg in error.args)
    return error


def refuse_echo(reply: Reply, secrets: Iterable[str], provider: str) -> Reply:
    """Returns the reply; Malformed where it holds a key.

    A gateway that echoes its request is no model, and its answer is not stored.
    """
    shown = "\n".join(filter(None, (reply.text, reply.finish_reason, reply.request_id, *reply.warnings)))
    if any(secret in shown for secret in secrets if _looks_real(secret)):
        remedy = "Check the base URL: what is there echoes its requests"
        raise Malformed("answered with the key that it was sent", provider=provider, remedy=remedy)
    return reply


def _looks_real(key: str) -> bool:
    mixed = any(map(str.isdigit, key)) and any(map(str.isalpha, key))
    return len(key) >= _SHORTEST_REAL_KEY and mixed
