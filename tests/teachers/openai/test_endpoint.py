"""Whose endpoint a base URL is: the key it gets, the header, the path."""

from __future__ import annotations

from dataclasses import replace

import pytest

from prompts.errors import InputError
from teachers.base import Request, Sampling
from teachers.catalog import describe, open_teacher
from teachers.errors import AuthError
from teachers.openai.endpoint import KEYS, Endpoint, endpoint_of
from teachers.spec import Options, Spec
from tests.servers.faults import FaultServer
from tests.teachers.contract import ask, conversation, with_teacher

SECRETS = {name: f"secret-of-{name.lower()}" for name in KEYS.values()}
DATE = "2024-10-21"
V1 = "https://res.openai.azure.com/openai/v1"


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, secret in SECRETS.items():
        monkeypatch.setenv(name, secret)


@pytest.mark.parametrize(
    ("url", "version", "expected"),
    [
        (None, None, Endpoint("openai", "https://api.openai.com/v1")),
        ("https://eu.api.openai.com/v1", None, Endpoint("openai", "https://eu.api.openai.com/v1")),
        ("https://api.openai.com.evil.example/v1", None, Endpoint("other", "https://api.openai.com.evil.example/v1")),
        ("http://localhost:8000/v1", None, Endpoint("other", "http://localhost:8000/v1")),
        ("https://res.openai.azure.com", None, Endpoint("azure", V1)),
        ("https://res.openai.azure.com/openai", None, Endpoint("azure", V1)),
        (V1, None, Endpoint("azure", V1)),
        ("https://r.services.ai.azure.com", None, Endpoint("azure", "https://r.services.ai.azure.com/openai/v1")),
        ("https://r.openai.azure.com", DATE, Endpoint("azure", "https://r.openai.azure.com/openai", DATE)),
        ("http://127.0.0.1:1/openai", DATE, Endpoint("azure", "http://127.0.0.1:1/openai", DATE)),
        ("https://openai.azure.com.evil.example", None, Endpoint("other", "https://openai.azure.com.evil.example")),
        *(
            (f"https://{host}/openai/v1", None, Endpoint("bedrock", f"https://{host}/openai/v1"))
            for host in ("bedrock-runtime.us-west-2.amazonaws.com", "bedrock-mantle.us-east-1.api.aws")
        ),
        ("https://bedrock-runtime.evil.example", None, Endpoint("other", "https://bedrock-runtime.evil.example")),
    ],
)  # fmt: skip
def test_the_host_says_whose_it_is(url: str | None, version: str | None, expected: Endpoint) -> None:
    assert endpoint_of(Spec("openai", "m", url, Options(api_version=version))) == expected


@pytest.mark.parametrize(
    ("options", "problem"),
    [(Options(api="converse"), "openai speaks no 'converse'"), (Options(api_version=DATE), "has no api_version")],
)
def test_what_is_not_openais_is_refused_before_it_is_opened(options: Options, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        describe(Spec("openai", "gpt-4.1", options=options))


def test_each_owner_has_its_key_and_its_field_for_the_limit() -> None:
    assert {owner: Endpoint(owner, "https://x").key for owner in KEYS} == KEYS
    assert {owner for owner in KEYS if Endpoint(owner, "https://x").limit == "max_tokens"} == {"other"}


@pytest.mark.parametrize(
    ("url", "variable"),
    [
        (V1, "AZURE_OPENAI_API_KEY"),
        ("https://bedrock-runtime.us-west-2.amazonaws.com/openai/v1", "AWS_BEARER_TOKEN_BEDROCK"),
        ("https://elsewhere.example/v1", "OPENAI_API_KEY"),
    ],
)
def test_a_missing_key_is_asked_for_by_its_name(monkeypatch: pytest.MonkeyPatch, url: str, variable: str) -> None:
    monkeypatch.delenv(variable)
    with pytest.raises(AuthError, match=f"Set {variable}"):
        open_teacher(f"openai:m@{url}")


def sent(faults: FaultServer, spec: Spec) -> str:
    """Everything that a request of this teacher puts on the wire."""
    with_teacher(spec, lambda teacher: ask(teacher, "x", max_tokens=5))
    seen = faults.requests[-1]
    return f"{seen.path} {dict(seen.headers)} {seen.body}"


def test_azures_classic_deployment(faults: FaultServer) -> None:
    spec = Spec("openai", "my deployment/1", faults.root, Options(api_version="2024-10-21"))
    said = sent(faults, spec)
    seen = faults.requests[0]
    assert seen.path == "/openai/deployments/my%20deployment%2F1/chat/completions?api-version=2024-10-21"
    assert seen.headers["api-key"] == SECRETS["AZURE_OPENAI_API_KEY"]
    assert seen.body["max_completion_tokens"] == 5
    assert "authorization" not in seen.headers
    assert SECRETS["OPENAI_API_KEY"] not in said


def test_no_other_key_and_nothing_ambient_reaches_a_host(monkeypatch: pytest.MonkeyPatch, faults: FaultServer) -> None:
    monkeypatch.setenv("OPENAI_ORG_ID", "our-org")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "our-project")
    monkeypatch.setenv("OPENAI_ADMIN_KEY", "our-admin-key")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Ambient: our-header\nAuthorization: our-other-key")
    monkeypatch.setenv("AZURE_OPENAI_AD_TOKEN", "our-token")
    said = sent(faults, Spec("openai", "m", faults.url))
    assert faults.requests[0].headers["authorization"] == f"Bearer {SECRETS['OPENAI_API_KEY']}"
    assert "our-" not in said
    assert SECRETS["AZURE_OPENAI_API_KEY"] not in said
    assert SECRETS["AWS_BEARER_TOKEN_BEDROCK"] not in said


def test_the_api_and_its_version_are_part_of_a_requests_key() -> None:
    specs = [Spec("openai", "m", V1, Options(api=api, api_version=version))
             for api in (None, "chat", "responses") for version in (None, "2024-10-21")]  # fmt: skip
    identities = [describe(spec).identity for spec in specs]
    assert [who.api_version for who in identities] == [
        "chat", "chat 2024-10-21", "chat", "chat 2024-10-21", "responses", "responses 2024-10-21",
    ]  # fmt: skip
    assert len({Request(who, conversation("x"), Sampling()).key for who in identities}) == 4
    own = describe("openai:gpt-5-pro").identity
    assert own.api_version == "responses"  # it exists in no other
    assert (
        replace(own, api_version="chat") == describe(Spec("openai", "gpt-5-pro", options=Options(api="chat"))).identity
    )
