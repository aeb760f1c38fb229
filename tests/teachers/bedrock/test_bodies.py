"""Bodies that botocore can parse: good ones as they came, errors as objects."""

from __future__ import annotations

import json
from typing import Any

import pytest

from teachers.bedrock.bodies import keep_body


def kept(status: int, body: Any) -> tuple[Any, dict[str, Any]]:
    response, own = {"status_code": status, "body": body}, dict[str, Any]()
    keep_body(response, own)
    return response["body"], own


def test_a_good_body_is_handed_on_unparsed() -> None:
    assert kept(200, b"<html>") == (b"", {"body": b"<html>"})
    stream = object()  # InvokeModel's
    assert kept(200, stream) == (stream, {})


@pytest.mark.parametrize("body", [b"", b'{"message": "no"}', b'{"__type": "x"}'])
def test_an_error_that_botocore_parses_stays(body: bytes) -> None:
    assert kept(400, body) == (body, {})


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"<html>502</html>", "<html>502</html>"),
        (b'{"message": ', '{"message": '),
        (b'["a"]', '["a"]'),
        (b"caf\xe9", "caf\ufffd"),
        (b"[" * 100_000, "[" * 100_000),
    ],
)
def test_any_other_error_becomes_an_object_with_its_words(body: bytes, message: str) -> None:
    changed, own = kept(502, body)
    assert json.loads(changed) == {"message": message}
    assert own == {}
