"""Bedrock's answers before botocore reads them: whole, bounded, and as they came.

Nothing is unpacked: botocore asks for no compression and undoes none.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from functools import partialmethod
from typing import Any

from teachers.errors import Malformed
from teachers.transport.http import MAX_BODY_BYTES

CHUNK_BYTES = 64 * 2**10


def bound_bodies(client: Any) -> None:
    """Makes a client refuse bodies above MAX_BODY_BYTES, and hand good ones on unparsed, as `answer["body"]`."""
    refuse_redirects(client)
    # botocore has no argument for the session; a test sends 256 MiB and sees them refused.
    client._endpoint.http_session = BoundedSession(client._endpoint.http_session)
    client.meta.events.register("before-parse.bedrock-runtime", keep_body)


def refuse_redirects(client: Any) -> None:
    """Makes a client take a redirect for an answer like any other, without a look at where it leads.

    urllib3 looks there though botocore lets it follow none, and what it cannot parse it raises over the unread answer,
    whose connection nobody then closes (urllib3 2.8.0, HTTPConnectionPool.urlopen).
    """
    session = client._endpoint.http_session
    session._pool_classes_by_scheme = {  # which botocore's own managers for proxies read
        scheme: type(kind.__name__, (kind,), {"urlopen": partialmethod(kind.urlopen, redirect=False)})
        for scheme, kind in session._pool_classes_by_scheme.items()
    }
    session._manager.pool_classes_by_scheme = session._pool_classes_by_scheme


class BoundedSession:
    """botocore's HTTP session, which reads each body whole, up to MAX_BODY_BYTES."""

    def __init__(self, session: Any) -> None:
        self._session = session

    def send(self, request: Any) -> Any:
        """Returns the answer to a request; raises what botocore's does, and Malformed for a body that is too large."""
        from botocore.awsrequest import AWSResponse

        request.stream_output = True  # or botocore reads it all
        answer = self._session.send(request)
        try:
            body = Body(_read(answer))
        except BaseException:
            answer.raw.close()  # what is left of the body must not be read as the next answer
            raise
        return AWSResponse(answer.url, answer.status_code, answer.headers, body)

    def close(self) -> None:
        """Closes the connections that wait."""
        self._session.close()


class Body(io.BytesIO):
    """A body that was read, as botocore wants to read it."""

    def stream(self) -> Iterator[bytes]:
        """Yields all of it."""
        yield self.read()


def keep_body(response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: Any) -> None:
    """Hands a good body on as it came, and makes an error's body one that botocore can parse.

    botocore would make an empty answer of HTML or of torn JSON, and cannot parse what is not UTF-8 or no object.
    """
    body = response_dict["body"]
    if response_dict["status_code"] >= 300:
        response_dict["body"] = _as_error(body)
    elif isinstance(body, bytes):  # InvokeModel's is a stream, which botocore leaves alone
        customized_response_dict["body"] = body
        response_dict["body"] = b""


def _read(answer: Any) -> bytes:
    from botocore.exceptions import ResponseStreamingError
    from botocore.response import StreamingBody
    from urllib3.exceptions import HTTPError

    length = answer.headers.get("content-length")
    if length and not length.isdecimal():
        length = None
    body = StreamingBody(answer.raw, length or None)  # which checks that so many bytes come
    content = bytearray()
    try:
        while chunk := body.read(CHUNK_BYTES):
            content += chunk
            if len(content) > MAX_BODY_BYTES:
                problem = f"answered more than {MAX_BODY_BYTES >> 20} MiB"
                raise Malformed(problem, provider="bedrock", status=answer.status_code)
    except HTTPError as error:  # StreamingBody lets some of urllib3's pass
        raise ResponseStreamingError(error=error) from error
    return bytes(content)


def _as_error(body: bytes) -> bytes:
    try:
        is_object = isinstance(json.loads(body), dict)
    except (ValueError, RecursionError):
        is_object = False
    if is_object or not body:
        return body
    return json.dumps({"message": body.decode("utf-8", "replace")}).encode()
