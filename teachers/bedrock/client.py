"""boto3's client for Bedrock's runtime: one endpoint, no retries, no redirects, bodies as they came."""

from __future__ import annotations

import json
import os
import re
import threading
from collections.abc import Iterator
from typing import Any

from prompts.errors import InputError
from teachers.base import Reply
from teachers.bedrock.bodies import bound_bodies
from teachers.errors import Malformed, TeacherError
from teachers.spec import Spec
from teachers.transport.body import at, parse_json, string
from teachers.transport.egress import check_base_url, check_host_of
from teachers.transport.keys import redact, redact_error, refuse_echo

BEARER = "AWS_BEARER_TOKEN_BEDROCK"
CONNECT_TIMEOUT_S = 60.0

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
        self._closed = False

    def converse(self, arguments: dict[str, Any]) -> tuple[object, str | None]:
        """Returns the body of an answer, and AWS's request id. Raises TeacherError and nothing else."""
        answer = self._call("converse", arguments)
        return self._parse(answer["body"]), _request_id(answer)

    def invoke(self, model: str, body: dict[str, Any]) -> tuple[object, str | None]:
        """Returns the same for InvokeModel."""
        arguments = {"modelId": model, "contentType": "application/json", "accept": "application/json"}
        answer = self._call("invoke_model", {**arguments, "body": json.dumps(body)})
        return self._parse(answer["body"]), _request_id(answer)

    def hide_secrets(self, error: TeacherError) -> None:
        """Cuts every key from an error's message: a body that is no answer may echo what it was sent."""
        for secret in self.secrets():
            redact_error(error, secret)

    def refuse_echo(self, reply: Reply) -> Reply:
        """Returns the reply; Malformed where it holds a key."""
        return refuse_echo(reply, self.secrets(), "bedrock")

    def close(self) -> None:
        """Closes the connections that wait; one that is in use ends with its call. Safe to call twice."""
        with self._lock:
            self._closed = True
            if self._client is not None:
                self._client.close()

    def _call(self, method: str, arguments: dict[str, Any]) -> dict[str, Any]:
        from botocore.exceptions import BotoCoreError, ClientError

        from teachers.bedrock.errors import translate

        try:
            answer: dict[str, Any] = getattr(self._open(), method)(**arguments)
            if method == "invoke_model":
                answer["body"] = answer["body"].read()
            return answer
        except (BotoCoreError, ClientError) as error:
            model = self._spec.model
            raise translate(error, model=model, region=self.region, secrets=self.secrets()) from error
        finally:
            if self._closed:  # while this call was about to connect: its connection would stay open
                self.close()

    def _parse(self, body: bytes) -> object:
        try:
            return parse_json(body, provider="bedrock")
        except Malformed:
            text = body.decode("utf-8", "replace")
            for secret in self.secrets():  # before the message shortens the body, which could leave half a key
                text = redact(text, secret)
            return parse_json(text.encode(), provider="bedrock")

    def _open(self) -> Any:
        """Returns the client; made once. Making one is not thread-safe, and looks for credentials."""
        with self._lock:
            if self._client is None:
                self._check_address()
                self._client = self._make()
            return self._client

    def _check_address(self) -> None:
        if self._spec.base_url:
            check_host_of(self._spec.base_url, self._spec.options.allow_addresses, provider="bedrock")

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
            # A test checks every request that is built here against the service model. An eighth of a call's
            # CPU went into botocore's own user agent, built twice (cProfile, botocore 1.44.5).
            parameter_validation=False,
            user_agent=f"stillhouse Boto3/{__version__}",
        )
        client = self._session.client(
            "bedrock-runtime", region_name=self.region, endpoint_url=self._spec.base_url, config=config
        )
        bound_bodies(client)
        return client

    def secrets(self) -> Iterator[str]:
        """Yields what must be in no message."""
        from botocore.exceptions import BotoCoreError, ClientError

        yield os.environ.get(BEARER, "").strip()
        try:
            credentials = self._session.get_credentials()
            keys = credentials and credentials.get_frozen_credentials()
        except (BotoCoreError, ClientError):  # there are none to hide
            return
        if keys:
            yield from (part for part in (keys.secret_key, keys.token, keys.access_key) if part)


def open_session(spec: Spec) -> tuple[Any, str]:
    """Returns a session, and the region: the recipe's, else the model ARN's, else that of AWS's own configuration.

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


def _request_id(answer: dict[str, Any]) -> str | None:
    return string(at(answer, "ResponseMetadata", "RequestId"))
