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
    """Makes a task of a card; `name` is kept in its data, since Label Studio numbers tasks itself."""
    other = card.other or ""  # a task without a key that the labelling interface names is not imported
    data = {"id": name, "prompt": card.prompt, "response": card.response, "other": other, **card.facts()}
    annotations = [_annotation(decision, card) for decision in card.decisions]
    return {"data": data, "annotations": annotations, "predictions": []}


def decisions(task: Mapping[str, Any]) -> list[Decision]:
    """Reads what its annotators said; Malformed where it is no such task. Cancelled annotations say nothing."""
    data = task.get("data")
    if not isinstance(data, dict):
        raise Malformed("data", "must be an object" if "data" in task else "is missing")
    annotations = task.get("annotations") or []
    if not isinstance(annotations, list):
        raise Malformed("annotations", "must be a list")
    response = text_of(data, "response", "data")
    made: list[Decision] = []
    for place, annotation in enumerate(annotations):
        where = f"annotations[{place}]"
        if not isinstance(annotation, dict):
            raise Malformed(where, "must be an object")
        if annotation.get("was_cancelled"):
            continue
        filled = _filled(annotation, where)
        reviewer = filled.pop("reviewer", None) or _account(annotation.get("completed_by"))
        made += decision_of(data, filled, response=response, reviewer=reviewer, where="data")
    return made


def _annotation(decision: Decision, card: Card) -> dict[str, Any]:
    fields = fields_of(decision, card) | {"reviewer": decision.reviewer}
    return {"result": [_result(question, value, place) for place, (question, value) in enumerate(fields.items())]}


def _result(question: str, value: str, place: int) -> dict[str, Any]:
    kind = TYPES[question]
    values: dict[str, Any] = {
        "choices": {"choices": [value]},
        "textarea": {"text": [value]},
        "pairwise": {"selected": SIDES.get(value)},
    }
    return {"id": f"r{place}", "from_name": question, "to_name": "response", "type": kind, "value": values[kind]}


def _filled(annotation: Mapping[str, Any], where: str) -> dict[str, str]:
    """Reads the fields that were filled in; other tags than ours are the project's own."""
    results = annotation.get("result")
    if not isinstance(results, list):
        raise Malformed(f"{where}.result", "must be a list")
    filled: dict[str, str] = {}
    for place, result in enumerate(results):
        here = f"{where}.result[{place}]"
        if not isinstance(result, dict):
            raise Malformed(here, "must be an object")
        name = result.get("from_name")
        if name in TYPES:
            filled[name] = _value(TYPES[name], result.get("value"), f"{here}.value")
    return filled


def _value(kind: str, value: Any, where: str) -> str:
    if not isinstance(value, dict):
        raise Malformed(where, "must be an object")
    match kind:
        case "pairwise":
            return _side(text_of(value, "selected", where), where)
        case "choices":
            texts = _texts(value, "choices", where)
            if len(texts) > 1:
                raise Malformed(f"{where}.choices", f"{len(texts)} choices where one can be taken")
            return texts[0]
        case _:
            return "\n".join(_texts(value, "text", where))


def _side(selected: str, where: str) -> str:
    for name, side in SIDES.items():
        if side == selected:
            return name
    raise Malformed(f"{where}.selected", f"'{selected:.40}' is neither 'left' nor 'right'")


def _texts(value: Mapping[str, Any], key: str, where: str) -> list[str]:
    texts = value.get(key)
    if isinstance(texts, str):  # as some versions export a single one
        texts = [texts]
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
        raise Malformed(f"{where}.{key}", "must be a list of texts")
    return texts


def _account(completed_by: Any) -> str:
    """Names the annotator as Label Studio does: an e-mail address, or the number of an account."""
    if isinstance(completed_by, dict):
        completed_by = completed_by.get("email") or completed_by.get("id")
    if completed_by is None:
        completed_by = "unknown"
    return f"label-studio:{completed_by}"
