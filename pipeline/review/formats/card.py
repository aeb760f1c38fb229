"""What travels: one question with what is needed to answer it, and the answers that there are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.decisions.decision import Decision, Kind
from prompts.messages import MessageDict

KINDS = ("accept", "reject")


@dataclass(slots=True, frozen=True)
class Card:
    """A sample to judge, or a pair to choose the better of."""

    sample_id: str
    prompt_id: str
    prompt: list[MessageDict]
    response: str
    split: str
    verdict: str
    other_id: str | None = None
    other: str | None = None
    decisions: tuple[Decision, ...] = ()
    """The standing ones on this question, of reviewers who were shown this response."""

    def facts(self) -> dict[str, str]:
        """What identifies the question, and what else a reviewer may want to filter by."""
        other = {} if self.other_id is None else {"other_id": self.other_id}
        known = {"sample_id": self.sample_id, "prompt_id": self.prompt_id, "split": self.split, "verdict": self.verdict}
        return known | other


class Malformed(ValueError):
    """A record that does not say what it should, and the field where."""

    def __init__(self, field: str, problem: str) -> None:
        self.field, self.problem = field, problem
        super().__init__(f"{field}: {problem}")


def text_of(values: Mapping[str, Any], key: str, where: str) -> str:
    """A text that must be there; Malformed where it is not."""
    value = values.get(key)
    if not isinstance(value, str):
        raise Malformed(f"{where}.{key}", "must be a text" if key in values else "is missing")
    return value


def decision_of(
    facts: Mapping[str, Any], said: Mapping[str, str], *, response: str | None, reviewer: str, where: str
) -> list[Decision]:
    """What a reviewer's filled-in fields come to: none, or one decision.

    `said` has those of decision (accept, reject), label, answer, better (response, other) and note that were filled
    in. A label or an answer of their own outweighs the tick beside it; an answer that repeats the response accepts it.
    """
    sample, prompt = text_of(facts, "sample_id", where), text_of(facts, "prompt_id", where)
    note = said.get("note", "")
    if "better" in said:
        better, other = sample, text_of(facts, "other_id", where)
        if said["better"] not in ("response", "other"):
            raise Malformed("better", f"'{said['better']:.40}' is neither 'response' nor 'other'")
        if said["better"] == "other":
            better, other = other, sample
        return [Decision(prompt, better, reviewer, "prefer", other_id=other, note=note)]
    if said.get("label", "").strip():
        return [Decision(prompt, sample, reviewer, "relabel", said["label"], response, note=note)]
    answer = said.get("answer", "")
    if answer.strip() and answer != response:
        return [Decision(prompt, sample, reviewer, "edit", answer, response, note=note)]
    if "decision" not in said:
        return [Decision(prompt, sample, reviewer, "accept", None, response, note=note)] if answer.strip() else []
    if said["decision"] not in KINDS:
        raise Malformed("decision", f"'{said['decision']:.40}' is neither 'accept' nor 'reject'")
    kind: Kind = "accept" if said["decision"] == "accept" else "reject"
    return [Decision(prompt, sample, reviewer, kind, None, response, note=note)]


def fields_of(one: Decision, card: Card) -> dict[str, str]:
    """The inverse: a decision as filled-in fields."""
    note = {"note": one.note} if one.note else {}
    match one.kind:
        case "prefer":
            return {"better": "response" if one.sample_id == card.sample_id else "other", **note}
        case "relabel":
            return {"label": one.text or "", **note}
        case "edit":
            return {"answer": one.text or "", **note}
        case kind:
            return {"decision": kind, **note}
