"""The string that names a teacher: `provider:model[@base_url]`."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from prompts.errors import InputError

# A model's name may hold '@' (Vertex) and ':' (Ollama, Bedrock): only '@http' starts a base URL.
_AT_URL = re.compile(r"@(?=https?://)")
_EXAMPLES = "Write provider:model[@base_url], for example gguf:smollm2-135m or openai:gpt-5.4"


@dataclass(slots=True, frozen=True)
class BatchOptions:
    """A recipe's settings of a teacher's batch lane. None leaves it to the provider."""

    s3_uri: str | None = None
    """Bedrock: s3://BUCKET/PREFIX, where requests and results are put."""
    role_arn: str | None = None
    """Bedrock: the service role that reads and writes there."""
    min_requests: int | None = None
    """The fewest requests of a job, where the account's quota differs."""
    max_requests: int | None = None
    """The most requests of a job, where the account's quota differs."""


@dataclass(slots=True, frozen=True)
class Options:
    """A recipe's settings of a teacher beyond its name. None leaves it to the model or the provider."""

    api: str | None = None
    """The API to speak, where the provider has several."""
    api_version: str | None = None
    """The API's version, where the provider dates them."""
    region: str | None = None
    """The cloud region."""
    cache_prefix: bool = True
    """Ask for caching of the prefix that all prompts share."""
    allow_addresses: tuple[str, ...] = ()
    """Link-local addresses that may be spoken to; all others are refused."""
    # Pairs and no dict: a spec is hashed, as a key of caches and of dicts.
    capabilities: tuple[tuple[str, object], ...] = ()
    """Fields of Capabilities to believe instead of the table's."""
    batch: BatchOptions = BatchOptions()
    """The use of its batch lane."""


@dataclass(slots=True, frozen=True)
class Spec:
    """A teacher's name in parts. `Spec.parse(str(spec)) == spec`, but for its options."""

    provider: str
    model: str
    base_url: str | None = None
    options: Options = field(default=Options())

    @classmethod
    def parse(cls, text: str) -> Spec:
        """Reads `provider:model[@base_url]`; InputError where it is not that."""
        provider, _, rest = text.strip().partition(":")
        model, *urls = _AT_URL.split(rest, maxsplit=1)
        if not provider or not model:
            raise InputError(f"'{text}' does not name a teacher", remedy=_EXAMPLES)
        if not urls:
            return cls(provider, model)
        return cls(provider, model, _check_url(urls[0], text))

    def __str__(self) -> str:
        if self.base_url:
            return f"{self.provider}:{self.model}@{self.base_url}"
        return f"{self.provider}:{self.model}"

    @property
    def is_loopback(self) -> bool:
        """True where the base URL is on this machine, where no key is needed."""
        return self.base_url is not None and is_loopback(self.base_url)


def is_loopback(url: str) -> bool:
    """Tells by its address whether a URL is on this machine; asks no name server."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _check_url(url: str, text: str) -> str:
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  # reading it is what validates it
    except ValueError as error:
        raise InputError(f"'{text}' has no usable base URL: {error}", remedy=_EXAMPLES) from error
    if not parts.hostname:
        raise InputError(f"'{text}' has no host in its base URL", remedy=_EXAMPLES)
    # The base URL is journaled and shown; a password in it would be too.
    if parts.username or parts.password:
        raise InputError("a base URL must not hold a password", remedy="Give the key in the environment")
    return url.rstrip("/")
