"""The probe against servers in several moods: what it shows is what came."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.explain.claims import WORD, Claim, LogprobsSeen
from pipeline.explain.probe import (
    MAX_TOKENS_WHILE_REASONING,
    Answered,
    Probe,
    Refused,
    probe,
    probe_request,
    render_probe,
)
from pipeline.explain.teachers import entry_of
from prompts.errors import InputError
from teachers.base import Capabilities, Identity
from tests.pipeline.helpers import stillhouse
from tests.servers.faults import Answer, FaultServer, Seen, as_json, chat, entry, logprobs
from tests.servers.llama import serve
from tests.servers.wires import WIRES

KEY = "sk-a-key-that-must-not-be-seen"


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


@pytest.fixture
def faults() -> Iterator[FaultServer]:
    with FaultServer() as server:
        yield server


def tops(count: int) -> dict[str, float]:
    """The word, and others far less likely."""
    return {WORD: -0.01} | {f"other{index}": -20.0 - index for index in range(count - 1)}


def word(alternatives: int, *, ids: bool = False) -> Answer:
    told = entry(WORD, -0.01, tops(alternatives))
    if ids:
        told["id"] = 0  # the word is the first of its alternatives
        told["top_logprobs"] = [other | {"id": index} for index, other in enumerate(told["top_logprobs"])]
    return chat(WORD, logprobs=logprobs([told]))


def asked_of(faults: FaultServer, answer: Answer) -> Probe:
    faults.responder = lambda seen: answer
    shown = probe(entry_of(faults.spec()))
    assert len(faults.requests) == 1  # whatever came, it is asked once
    assert KEY not in json.dumps(shown.to_dict()) + render_probe(shown)
    return shown


def answered(shown: Probe) -> Answered:
    assert isinstance(shown.result, Answered)
    return shown.result


def refused(shown: Probe) -> Refused:
    assert isinstance(shown.result, Refused)
    return shown.result


def claim(shown: Probe, name: str) -> Claim:
    return next(claim for claim in answered(shown).claims if claim.name == name)


def test_all_that_is_claimed_is_asked_in_one_tiny_call(faults: FaultServer) -> None:
    shown = asked_of(faults, word(20, ids=True))
    body = faults.requests[0].body
    assert (body["top_logprobs"], body["logprobs"], body["seed"], body["temperature"]) == (20, True, 1, 0.0)
    assert [turn["role"] for turn in body["messages"]] == ["system", "user"]
    assert body["max_tokens"] <= 16
    assert "response_format" not in body
    assert answered(shown).recipe is None
    assert answered(shown).logprobs == LogprobsSeen(
        tokens=1, alternatives_most=20, alternatives_least=20, with_id=1, joins=True
    )
    assert claim(shown, "system").seen == "followed"
    assert answered(shown).reply.usage.cached_tokens == 2
    assert answered(shown).reply.request_id == "chatcmpl-1"
    assert (answered(shown).reply.latency_s or 0) > 0
    text = render_probe(shown)
    assert "reasoning_tokens not given" in text
    assert "Put into the recipe" not in text


def test_logprobs_that_do_not_come_are_corrected(faults: FaultServer) -> None:
    shown = asked_of(faults, chat(WORD))
    assert claim(shown, "top_logprobs").seen == "none came"
    assert answered(shown).recipe == f'teacher: {{spec: "{faults.spec()}", capabilities: {{top_logprobs: 0}}}}'
    assert (answered(shown).recipe or "") in render_probe(shown)


def test_fewer_alternatives_than_claimed_are_counted(faults: FaultServer) -> None:
    first, second = entry(WORD, -0.01, tops(5)), entry("!", -0.5, {"!": -0.5})
    shown = asked_of(faults, chat(f"{WORD}!", logprobs=logprobs([first, second])))
    assert claim(shown, "top_logprobs").seen == "1 to 5"
    assert "top_logprobs: 5" in (answered(shown).recipe or "")


def test_the_line_for_the_recipe_is_one_that_it_takes(faults: FaultServer) -> None:
    import yaml

    from pipeline.recipe.teachers import TeacherEntry, to_entries

    line = yaml.safe_load(answered(asked_of(faults, word(3))).recipe or "")
    (pasted,) = [TeacherEntry.model_validate(item) for item in to_entries(line["teacher"])]
    again = probe(pasted)
    assert faults.requests[1].body["top_logprobs"] == 3
    assert answered(again).recipe is None


def test_tokens_that_do_not_join_are_told(faults: FaultServer) -> None:
    shown = asked_of(faults, chat(WORD, logprobs=logprobs([entry("other", -0.1, {"other": -0.1})])))
    assert "do not join" in claim(shown, "top_logprobs").seen
    assert "top_logprobs: 0" in (answered(shown).recipe or "")


def test_a_reply_without_text_corrects_nothing(faults: FaultServer) -> None:
    shown = asked_of(faults, chat("", finish_reason="length"))
    assert "no text came" in claim(shown, "top_logprobs").seen
    assert answered(shown).recipe is None


@pytest.mark.parametrize(
    ("answer", "outcome", "words", "change"),
    [
        (
            as_json({"error": {"message": "logprobs are not supported with this model"}}, 400),
            "invalid",
            "logprobs are not supported with this model",
            "top_logprobs: 0",
        ),
        (
            as_json({"error": {"message": "Unsupported value: 'temperature'"}}, 400),
            "invalid",
            "Unsupported value",
            "temperature: false",
        ),
        (as_json({"error": {"message": "the moon is wrong"}}, 400), "invalid", "the moon is wrong", None),
        (as_json({"error": {"message": f"bad key {KEY}"}}, 401), "auth", "bad key ***", None),
        (as_json({"error": {"message": "slow"}}, 429, retry_after="7"), "rate_limited", "slow", "wait 7 s"),
        (Answer(200, b"<html>welcome</html>", {"content-type": "text/html"}), "malformed", "<html>", "/v1"),
        (as_json({"error": {"message": "down"}}, 503), "transient", "down", None),
    ],
)
def test_a_refusal_is_shown_in_its_own_words(
    faults: FaultServer, answer: Answer, outcome: str, words: str, change: str | None
) -> None:
    shown = asked_of(faults, answer)
    assert refused(shown).outcome == outcome
    assert words in refused(shown).message
    assert words in render_probe(shown)
    if change is None:
        assert refused(shown).change is None
    else:
        assert change in (refused(shown).change or "")


def test_a_model_that_reasons_is_given_room_and_one_that_need_not_is_told_not_to() -> None:
    who = Identity("openai", "m")
    always = probe_request(who, Capabilities(temperature=False, efforts=("low", "high"), default_effort="low"))
    assert always.sampling.max_tokens == MAX_TOKENS_WHILE_REASONING
    assert always.sampling.reasoning_effort == "low"
    can = Capabilities(top_logprobs=20, efforts=("none", "low"), plain_efforts=("none",), default_effort="low")
    plain = probe_request(who, can)
    assert plain.sampling.reasoning_effort == "none"
    assert (plain.sampling.max_tokens or 0) < MAX_TOKENS_WHILE_REASONING
    floor = probe_request(who, Capabilities(min_max_tokens=16, system=False))
    assert floor.sampling.max_tokens == 16
    assert [turn.role for turn in floor.messages] == ["user"]
    assert WORD in floor.messages[0].content


def test_an_effort_that_is_none_needs_no_room() -> None:
    asked = probe_request(Identity("anthropic", "m"), Capabilities(efforts=("none",), default_effort="none"))
    assert (asked.sampling.max_tokens or 0) < MAX_TOKENS_WHILE_REASONING


@pytest.mark.parametrize("name", WIRES)
def test_every_provider_can_be_probed(faults: FaultServer, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    wire = WIRES[name]
    for variable, value in wire.keys.items():
        monkeypatch.setenv(variable, value)
    faults.responder = lambda seen: as_json(wire.reply(WORD, wire.stop))
    shown = probe(entry_of(wire.spec(faults)))
    assert answered(shown)
    assert claim(shown, "system").seen == "followed"
    assert answered(shown).reply.usage.input_tokens == 7
    assert len(faults.requests) == 1
    faults.responder = lambda seen: as_json(wire.error(403, "not yours"), 403)
    again = probe(entry_of(wire.spec(faults)))
    assert refused(again).outcome == "auth"
    assert "not yours" in render_probe(again)
    assert len(faults.requests) == 2
    secrets = [value for variable, value in wire.keys.items() if variable.endswith("_KEY")]
    assert not any(secret in json.dumps(again.to_dict()) for secret in secrets)


def test_llama_cpps_server_gives_what_it_claims() -> None:
    with serve() as url:
        shown = probe(entry_of(f"openai:smollm2@{url}"))
    assert answered(shown)
    assert answered(shown).recipe is None
    assert answered(shown).logprobs.tokens > 0
    assert answered(shown).logprobs.with_id == answered(shown).logprobs.tokens
    assert answered(shown).logprobs.joins
    assert claim(shown, "top_logprobs").seen == "20"
    assert (answered(shown).reply.usage.input_tokens or 0) > 0


def test_the_command_exits_1_where_the_endpoint_refuses_and_2_where_the_spec_is_wrong(
    faults: FaultServer, tmp_path: Path
) -> None:
    faults.responder = lambda seen: as_json({"error": {"message": "no seed here"}}, 400)
    machine = stillhouse("teachers", faults.spec(), "--probe", "--json", cwd=tmp_path)
    assert machine.returncode == 1
    assert json.loads(machine.stdout)["error"]["change"] == "put into the recipe capabilities: {seed: false}"
    text = stillhouse("teachers", faults.spec(), "--probe", cwd=tmp_path)
    assert (text.returncode, "no seed here" in text.stdout) == (1, True)
    for arguments in (["nobody:x"], ["gpt"], [faults.spec(), "--set", "colour=red"], []):
        wrong = stillhouse("teachers", *arguments, "--probe", cwd=tmp_path)
        assert (wrong.returncode, "Traceback" in wrong.stderr) == (2, False), arguments


def test_a_price_set_on_the_command_line_is_the_cost(faults: FaultServer) -> None:
    faults.responder = lambda seen: word(20)
    priced = probe(entry_of(faults.spec(), ["price.input=1", "price.output=2"]))
    assert answered(priced).reply.cost_usd == pytest.approx((7 * 1 + 3 * 2) / 1e6)
    assert "$0.000013" in render_probe(priced)


def test_no_price_is_no_cost(faults: FaultServer) -> None:
    shown = asked_of(faults, word(20))
    assert answered(shown).reply.cost_usd is None
    assert "no price known" in render_probe(shown)


def test_a_field_it_does_not_have_names_those_it_has() -> None:
    with pytest.raises(InputError, match="api, api_version, region"):
        entry_of("gguf:smollm2-135m", ["colour=red"])


def test_a_lie_about_a_seed_is_not_seen_and_not_claimed_to_be(faults: FaultServer) -> None:
    """A parameter that was taken is "accepted": one call cannot show that it was obeyed."""

    def ignores(seen: Seen) -> Answer:
        assert seen.body["seed"] == 1
        return word(20)

    faults.responder = ignores
    assert claim(probe(entry_of(faults.spec())), "seed").seen == "accepted"
