"""Whose endpoint a base URL is, and with that: which key it gets, in which header, and at which path.

The key of one provider never goes to another's host.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote, urlsplit

from prompts.errors import InputError
from teachers.spec import Spec

Owner = Literal["openai", "azure", "bedrock", "other"]

OFFICIAL_URL = "https://api.openai.com/v1"
# OpenAI resources, AI Foundry, older accounts of several services, the US government's cloud.
AZURE_SUFFIXES = (".openai.azure.com", ".services.ai.azure.com", ".cognitiveservices.azure.com", ".openai.azure.us")
KEYS: dict[Owner, str] = {
    "openai": "OPENAI_API_KEY",
    "azure": "AZURE_OPENAI_API_KEY",
    "bedrock": "AWS_BEARER_TOKEN_BEDROCK",
    "other": "OPENAI_API_KEY",
}

_BEDROCK = re.compile(r"bedrock-(runtime|runtime-fips|mantle)\.[a-z0-9-]+\.(amazonaws\.com(\.cn)?|api\.aws)")


@dataclass(slots=True, frozen=True)
class Endpoint:
    """An endpoint, ready for a client."""

    owner: Owner
    base_url: str
    api_version: str | None = None
    """Azure's dated API: the model is then a deployment in the path, and this is in the query."""

    @property
    def key(self) -> str:
        """The environment variable that holds its key."""
        return KEYS[self.owner]

    @property
    def limit(self) -> str:
        """The field of Chat Completions for the token limit; other servers know only the old name."""
        return "max_tokens" if self.owner == "other" else "max_completion_tokens"

    def chat_path(self, model: str) -> str:
        """Returns the path of Chat Completions below the base URL."""
        if not self.api_version:
            return "/chat/completions"
        return f"/deployments/{quote(model, safe='')}/chat/completions"

    @property
    def is_own(self) -> bool:
        """True for OpenAI's own."""
        return self.owner == "openai"


def endpoint_of(spec: Spec) -> Endpoint:
    """Returns the endpoint of a spec. A dated `api_version` says Azure, whatever the host: it may be behind a gateway.

    InputError for one at OpenAI's own endpoint, which has none.
    """
    url = spec.base_url or OFFICIAL_URL
    host = urlsplit(url).hostname or ""
    version = spec.options.api_version
    if version and spec.base_url is None:
        remedy = "Give the base URL of your Azure resource, or leave api_version unset"
        raise InputError(f"OpenAI's own endpoint has no api_version '{version}'", field="api_version", remedy=remedy)
    if version or host.endswith(AZURE_SUFFIXES):
        return Endpoint("azure", _azure_root(url, version), version)
    if _BEDROCK.fullmatch(host):
        return Endpoint("bedrock", url)
    if host == "api.openai.com" or host.endswith(".api.openai.com"):
        return Endpoint("openai", url)
    return Endpoint("other", url)


def _azure_root(url: str, version: str | None) -> str:
    """Completes a resource's URL: its API is below /openai, and without a dated version below /openai/v1."""
    if not urlsplit(url).path.strip("/"):
        url = f"{url.rstrip('/')}/openai"
    if version or urlsplit(url).path.rstrip("/") != "/openai":
        return url
    return f"{url.rstrip('/')}/v1"
