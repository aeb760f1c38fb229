"""boto3's client for Bedrock's runtime: one endpoint, no retries, no redirects, bodies as they came."""

from __future__ import annotations

import json
import os
import re
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from prompts.errors import InputError
from teachers.egress import check_base_url, check_host
from teachers.errors import Malformed, Transient
from teachers.spec import Spec

BEARER = "AWS_BEARER_TOKEN_BEDROCK"
CONNECT_TIMEOUT_S = 60.0
WORDS = 300
"""Characters of an error's body that is not JSON which are kept."""

_ARN_REGION = re.compile(r"arn:[^:]+:bedrock:([a-z0-9-]+):")


class BedrockClient:
    """Sends from any thread. Constructed without network: credentials are looked for by the first call."""

    def __init__(self, spec: Spec, *, concurrency: int, timeout_s: float) -> None:
        self._spec, self._concurrency, self._timeout_s = spec, concurrency, timeout_s
        if spec.base_url:
            check_base_url(spec.base_url, spec.options.allow_addresses)
        self._session, self.region = open_session(spec)
        self._lock = threading.Lock()
        self._client: Any = None

    def converse(self, arguments: dict[str, Any]) -> tuple[object, str | None]:
        """The body of an answer, and AWS's request id. Raises TeacherError and nothing else."""
        answer = self._call("converse", arguments)
        return _parse(answer["body"], answer), _request_id(answer)

    def invoke(self, model: str, body: dict[str, Any]) -> tuple[object, str | None]:
        """The same for InvokeModel."""
        arguments = {"modelId": model, "contentType": "application/json", "accept": "application/json"}
        answer = self._call("invoke_model", {**arguments, "body": json.dumps(body)})
        return _parse(answer["body"], answer), _request_id(answer)

    def close(self) -> None:
        """Closes the connections that wait; one that is in use ends with its call. Safe to call twice."""
        with self._lock:
            if self._client is not None:
                self._client.close()

    def _call(self, method: str, arguments: dict[str, Any]) -> dict[str, Any]:
        from botocore.exceptions import BotoCoreError, ClientError

        from teachers.bedrock_errors import translate

        try:
            answer: dict[str, Any] = getattr(self._open(), method)(**arguments)
            if method == "invoke_model":
                answer["body"] = answer["body"].read()
            return answer
        except (BotoCoreError, ClientError) as error:
            model = self._spec.model
            raise translate(error, model=model, region=self.region, secrets=self._secrets()) from error

    def _open(self) -> Any:
        """The client; made once. Making one is not thread-safe, and looks for credentials."""
        with self._lock:
            if self._client is None:
                self._check_address()
                self._client = self._make()
            return self._client

    def _check_address(self) -> None:
        parts = urlsplit(self._spec.base_url or "")
        if parts.hostname:
            port = parts.port or (443 if parts.scheme == "https" else 80)
            check_host(parts.hostname, port, self._spec.options.allow_addresses, provider="bedrock")

    def _make(self) -> Any:
        from boto3 import __version__
        from botocore.config import Config

        config = Config(
            retries={"total_max_attempts": 1, "mode": "standard"},
            max_pool_connections=self._concurrency,
            connect_timeout=min(CONNECT_TIMEOUT_S, self._timeout_s),
            read_timeout=self._timeout_s,
            # NAT gateways and VPC endpoints drop a connection that was silent for 350 s:
            # https://docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html
            tcp_keepalive=True,
            # AWS_ENDPOINT_URL would move the endpoint, and the identity would be false.
            ignore_configured_endpoint_urls=True,
            proxies={} if self._spec.is_loopback else None,
            # botocore refuses to send a bearer key in the clear: there the other keys sign.
            signature_version="v4" if (self._spec.base_url or "").startswith("http://") else None,
            # Every request that is built here is checked against the service model by a test; and botocore
            # builds its own user agent of 16 parts twice a call (benchmarks/bedrock.py).
            parameter_validation=False,
            user_agent=f"stillhouse Boto3/{__version__}",
        )
        client = self._session.client(
            "bedrock-runtime", region_name=self.region, endpoint_url=self._spec.base_url, config=config
        )
        client.meta.events.register("before-parse.bedrock-runtime", _keep_body)
        return client

    def _secrets(self) -> Iterator[str]:
        """What must be in no message."""
        from botocore.exceptions import BotoCoreError, ClientError

        yield os.environ.get(BEARER, "").strip()
        try:
            found = self._session.get_credentials()
            keys = found and found.get_frozen_credentials()
        except (BotoCoreError, ClientError):  # there are none to hide
            return
        if keys:
            yield from (part for part in (keys.secret_key, keys.token, keys.access_key) if part)


def open_session(spec: Spec) -> tuple[Any, str]:
    """A session, and the region: the recipe's, else the model ARN's, else that of AWS's own configuration.

    InputError where none has one, and for a profile or a configuration file that cannot be read.
    """
    import boto3
    from botocore.exceptions import BotoCoreError
    from botocore.utils import validate_region_name

    arn = _ARN_REGION.match(spec.model)
    try:
        session = boto3.Session()
        # boto3 reads AWS_DEFAULT_REGION only; AWS's other SDKs read AWS_REGION.
        region = spec.options.region or (arn and arn[1]) or os.environ.get("AWS_REGION") or session.region_name
        validate_region_name(region)
    except BotoCoreError as error:
        raise InputError(str(error).rstrip("."), remedy="Check the region, AWS_PROFILE and ~/.aws") from error
    if not region:
        remedy = "Give 'region' beside the teacher's spec in the recipe, or set AWS_REGION"
        raise InputError(f"'{spec}' needs an AWS region", field="region", remedy=remedy)
    return session, str(region)


def _keep_body(response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: Any) -> None:
    """Hands a good body on as it came, and makes an error's body one that botocore can parse.

    botocore would make an empty answer of HTML or of torn JSON, and cannot parse what is not UTF-8 or no object.
    """
    body = response_dict["body"]
    if response_dict["status_code"] >= 300:
        response_dict["body"] = _as_error(body)
    elif isinstance(body, bytes):  # InvokeModel's is a stream, which botocore leaves alone
        customized_response_dict["body"] = body
        response_dict["body"] = b""


def _as_error(body: bytes) -> bytes:
    try:
        is_object = isinstance(json.loads(body), dict)
    except (ValueError, RecursionError):
        is_object = False
    if is_object or not body:
        return body
    return json.dumps({"message": body[:WORDS].decode("utf-8", "replace")}).encode()


def _parse(body: bytes, answer: dict[str, Any]) -> object:
    promised = _headers(answer).get("content-length")
    if promised is not None and promised.isdecimal() and len(body) < int(promised):
        raise Transient(f"the connection closed after {len(body)} of {promised} bytes", provider="bedrock")
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        start = body[:60].decode("utf-8", "replace")
        raise Malformed(f"answered what is not JSON: {start!r}", provider="bedrock") from error


def _request_id(answer: dict[str, Any]) -> str | None:
    found = answer.get("ResponseMetadata", {}).get("RequestId")
    return found if isinstance(found, str) else None


def _headers(answer: dict[str, Any]) -> dict[str, str]:
    headers: dict[str, str] = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    return headers
