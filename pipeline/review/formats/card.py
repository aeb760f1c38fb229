"""What travels: one question with what is needed to answer it, and the answers that there are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.decisions.decision import Decision, Kind
from prompts.messages import MessageDict


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
        """Returns what identifies the question, and what else a reviewer may want to filter by."""
        facts = {"sample_id": self.sample_id, "prompt_id": self.prompt_id, "split": self.split, "verdict": self.verdict}
        if self.other_id is not None:
            facts["other_id"] = self.other_id
        return facts


class Malformed(ValueError):
    """A record that does not say what it should, and the field where."""

    def __init__(self, field: str, problem: str) -> None:
        self.field, self.problem = field, problem
        super().__init__(f"{field}: {problem}")


def text_of(values: Mapping[str, Any], key: str, where: str) -> str:
    """Returns a text that must be there; Malformed where it is not."""
    value = values.get(key)
    if not isinstance(value, str):
        raise Malformed(f"{where}.{key}", "must be a text" if key in values else "is missing")
    return value


def decision_of(
    facts: Mapping[str, Any], filled: Mapping[str, str], *, response: str | None, reviewer: str, where: str
) -> list[Decision]:
    """Returns what a reviewer's filled-in fields come to: none, or one decision.

    `filled` has those of decision (accept, reject), label, answer, better (response, other) and note that were filled
    in. A label or an answer of their own outweighs the tick beside it; an answer that repeats the response accepts it.
    """
    sample, prompt = text_of(facts, "sample_id", where), text_of(facts, "prompt_id", where)
    note = filled.get("note", "")
    if "better" in filled:
        better, other = _better(filled["better"], sample, text_of(facts, "other_id", where))
        return [Decision(prompt, better, reviewer, "prefer", other_id=other, note=note)]
    kind, text = _kind_and_text(filled, response)
    if kind is None:
        return []
    return [Decision(prompt, sample, reviewer, kind, text, response, note=note)]


def _better(choice: str, sample: str, other: str) -> tuple[str, str]:
    """Returns the better sample's id and the worse one's."""
    match choice:
        case "response":
            return sample, other
        case "other":
            return other, sample
        case _:
            raise Malformed("better", f"'{choice:.40}' is neither 'response' nor 'other'")


def _kind_and_text(filled: Mapping[str, str], response: str | None) -> tuple[Kind | None, str | None]:
    """Returns what the fields say of one answer, and the right one where they give it; no kind where they say nothing.

    Malformed where the tick is none of ours.
    """
    label, answer, tick = filled.get("label", ""), filled.get("answer", ""), filled.get("decision")
    if label.strip():
        return "relabel", label
    if answer.strip() and answer != response:
        return "edit", answer
    match tick:
        case "accept" | "reject":
            return tick, None
        case None:
            return ("accept", None) if answer.strip() else (None, None)
        case _:
            raise Malformed("decision", f"'{tick:.40}' is neither 'accept' nor 'reject'")


def fields_of(decision: Decision, card: Card) -> dict[str, str]:
    """Returns a decision as filled-in fields: what `decision_of` reads."""
    note = {"note": decision.note} if decision.note else {}
    match decision.kind:
        case "prefer":
            return {"better": "response" if decision.sample_id == card.sample_id else "other", **note}
        case "relabel":
            return {"label": decision.text or "", **note}
        case "edit":
            return {"answer": decision.text or "", **note}
        case kind:
            return {"decision": kind, **note}
