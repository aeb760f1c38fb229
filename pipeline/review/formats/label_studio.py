"""Label Studio: the JSON list of tasks that it imports and exports, `data` with `annotations[].result[]`.

A result has from_name, to_name, type and value: choices {"choices": [...]}, textarea {"text": [...]}, pairwise
{"selected": "left" | "right"}. Its accounts are its own: the textarea `reviewer` says who decided.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.decisions.decision import Decision
from pipeline.review.formats.card import Card, Malformed, decision_of, fields_of, text_of

TYPES = {
    "decision": "choices",
    "label": "choices",
    "answer": "textarea",
    "better": "pairwise",
    "note": "textarea",
    "reviewer": "textarea",
}
"""Our questions, as the names of tags, and the kinds of these tags."""
SIDES = {"response": "left", "other": "right"}


def record(card: Card, name: str) -> dict[str, Any]:
    """A card as a task; `name` is kept in its data, since Label Studio numbers tasks itself."""
    other = card.other or ""  # a task without a key that the labelling interface names is not imported
    data = {"id": name, "prompt": card.prompt, "response": card.response, "other": other, **card.facts()}
    return {"data": data, "annotations": [_annotation(one, card) for one in card.decisions], "predictions": []}


def decisions(found: Mapping[str, Any]) -> list[Decision]:
    """What its annotators said; Malformed where it is no such task. Cancelled annotations say nothing."""
    data = found.get("data")
    if not isinstance(data, dict):
        raise Malformed("data", "must be an object" if "data" in found else "is missing")
    annotations = found.get("annotations") or []
    if not isinstance(annotations, list):
        raise Malformed("annotations", "must be a list")
    response = text_of(data, "response", "data")
    made: list[Decision] = []
    for place, annotation in enumerate(annotations):
        where = f"annotations[{place}]"
        if not isinstance(annotation, dict):
            raise Malformed(where, "must be an object")
        if not annotation.get("was_cancelled"):
            said = _said(annotation, where)
            who = said.pop("reviewer", None) or _account(annotation.get("completed_by"))
            made += decision_of(data, said, response=response, reviewer=who, where="data")
    return made


def _annotation(one: Decision, card: Card) -> dict[str, Any]:
    fields = fields_of(one, card) | {"reviewer": one.reviewer}
    return {"result": [_result(question, value, place) for place, (question, value) in enumerate(fields.items())]}


def _result(question: str, value: str, place: int) -> dict[str, Any]:
    kind = TYPES[question]
    values: dict[str, Any] = {
        "choices": {"choices": [value]},
        "textarea": {"text": [value]},
        "pairwise": {"selected": SIDES.get(value)},
    }
    return {"id": f"r{place}", "from_name": question, "to_name": "response", "type": kind, "value": values[kind]}


def _said(annotation: Mapping[str, Any], where: str) -> dict[str, str]:
    results = annotation.get("result")
    if not isinstance(results, list):
        raise Malformed(f"{where}.result", "must be a list")
    said: dict[str, str] = {}
    for place, one in enumerate(results):
        here = f"{where}.result[{place}]"
        if not isinstance(one, dict):
            raise Malformed(here, "must be an object")
        name = one.get("from_name")
        if name in TYPES:
            said[name] = _value(TYPES[name], one.get("value"), f"{here}.value")
    return said


def _value(kind: str, value: Any, where: str) -> str:
    if not isinstance(value, dict):
        raise Malformed(where, "must be an object")
    if kind == "pairwise":
        selected = text_of(value, "selected", where)
        side = next((name for name, word in SIDES.items() if word == selected), None)
        if side is None:
            raise Malformed(f"{where}.selected", f"'{selected:.40}' is neither 'left' nor 'right'")
        return side
    key = "choices" if kind == "choices" else "text"
    found = value.get(key)
    texts = [found] if isinstance(found, str) else found
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
        raise Malformed(f"{where}.{key}", "must be a list of texts")
    if kind == "choices" and len(texts) > 1:
        raise Malformed(f"{where}.{key}", f"{len(texts)} choices where one can be taken")
    return "\n".join(texts)


def _account(completed_by: Any) -> str:
    """What Label Studio calls the annotator: an e-mail address, or the number of an account."""
    if isinstance(completed_by, dict):
        completed_by = completed_by.get("email") or completed_by.get("id")
    return f"label-studio:{completed_by if completed_by is not None else 'unknown'}"
