"""boto3's clients for Bedrock's batches: the control plane and S3."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar
from urllib.parse import urlsplit

from teachers.batch.base import Result
from teachers.bedrock.bodies import refuse_redirects
from teachers.bedrock.client import BedrockClient, open_session
from teachers.errors import Malformed
from teachers.provider import find_provider
from teachers.spec import Spec
from teachers.transport.body import parse_json
from teachers.transport.egress import check_host_of

P = ParamSpec("P")
T = TypeVar("T")

PROVIDER = "bedrock"
THREADS = 4  # jobs are few: each thread asks after one, or fetches its results


class Clients:
    """boto3's clients for the control plane and for S3: no retries, and AWS's endpoints unless the recipe names one."""

    def __init__(self, spec: Spec, timeout_s: float) -> None:
        self._spec, self._timeout_s = spec, timeout_s
        self._runtime = BedrockClient(spec, concurrency=1, timeout_s=timeout_s)  # which knows the keys to hide
        self._session, self.region = open_session(spec)
        host = urlsplit(spec.base_url or "").hostname or ""
        self._url: str | None = None
        # A base URL of AWS's names the runtime; the other services have their own. Any other serves all three.
        if host and not find_provider(PROVIDER).is_own(host):
            self._url = spec.base_url
        self._lock = threading.Lock()
        self._made: dict[str, Any] = {}

    @property
    def control(self) -> Any:
        """Bedrock's control plane."""
        return self._client("bedrock")

    @property
    def s3(self) -> Any:
        """S3."""
        return self._client("s3")

    def translated(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Returns what `work` does; botocore's exceptions are raised as ours, without a key in them."""
        from botocore.exceptions import BotoCoreError, ClientError

        from teachers.bedrock.errors import translate

        try:
            return work(*args, **kwargs)
        except (BotoCoreError, ClientError) as error:
            ours = translate(error, model=self._spec.model, region=self.region, secrets=self._runtime.secrets())
            raise ours from error

    def without_keys(self, result: Result) -> Result:
        """Returns the result; Malformed instead of a reply that holds a key."""
        return result.without(list(self._runtime.secrets()), PROVIDER)

    def close(self) -> None:
        """Closes the connections that wait. Safe to call twice."""
        with self._lock:
            for client in self._made.values():
                client.close()

    def _client(self, service: str) -> Any:
        """Made once. Making one is not thread-safe, and looks for credentials."""
        with self._lock:
            if service not in self._made:
                if self._url:
                    check_host_of(self._url, self._spec.options.allow_addresses, provider=PROVIDER)
                client = self._session.client(
                    service, region_name=self.region, endpoint_url=self._url, config=self._config(service)
                )
                refuse_redirects(client)
                client.meta.events.register("before-parse.bedrock", check_body)
                self._made[service] = client
            return self._made[service]

    def _config(self, service: str) -> Any:
        from botocore.config import Config

        in_the_clear = service == "bedrock" and (self._url or "").startswith("http://")
        return Config(
            retries={"total_max_attempts": 1, "mode": "standard"},
            max_pool_connections=THREADS,
            read_timeout=self._timeout_s,
            ignore_configured_endpoint_urls=True,
            proxies={} if self._spec.is_loopback else None,
            # botocore refuses to send a bearer key in the clear: there the other keys sign.
            signature_version="v4" if in_the_clear else None,
            s3={"addressing_style": "path"} if self._url else None,
        )


def check_body(response_dict: dict[str, Any], operation_model: Any, **_: Any) -> None:
    """Malformed where a good answer's body is no JSON object: botocore would make an empty answer of it."""
    shape = operation_model.output_shape
    says_nothing = shape is None or not shape.members  # what stopping a job answers
    if response_dict["status_code"] >= 300 or says_nothing:
        return
    if not isinstance(parse_json(response_dict["body"], provider=PROVIDER), dict):
        raise Malformed("answered what is no JSON object", provider=PROVIDER)
