"""Argilla 2: the records that `Dataset.records.to_json` writes and `Dataset.records.from_json` reads.

A record is a dict of id, fields, metadata, suggestions, responses, vectors, status and _server_id; `responses` has a
list of {value, user_id} a question. Argilla knows users by UUID: the metadata `reviewers` says whose is whose.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from pipeline.decisions.decision import Decision
from pipeline.review.formats.card import Card, Malformed, decision_of, fields_of, text_of

QUESTIONS = ("decision", "label", "answer", "better", "note")


def record(card: Card, name: str) -> dict[str, Any]:
    """A card as a record with the id `name`."""
    responses: dict[str, list[dict[str, str]]] = defaultdict(list)
    for one in card.decisions:
        for question, value in fields_of(one, card).items():
            responses[question].append({"value": value, "user_id": user_id(one.reviewer)})
    fields: dict[str, Any] = {"prompt": card.prompt, "response": card.response}
    known = [f"{user_id(one.reviewer)} {one.reviewer}" for one in card.decisions]
    return {
        "id": name,
        "fields": fields | ({} if card.other is None else {"other": card.other}),
        "metadata": {**card.facts(), "reviewers": known},
        "suggestions": {},
        "responses": dict(responses),
        "vectors": {},
        "status": "completed" if card.decisions else "pending",
        "_server_id": None,
    }


def decisions(found: Mapping[str, Any]) -> list[Decision]:
    """What its users said; Malformed where it is no such record. A user we did not name is called by their UUID."""
    facts, fields = _part(found, "metadata"), _part(found, "fields")
    response = text_of(fields, "response", "fields")
    names = _reviewers(facts)
    return [
        decision
        for user, said in _by_user(_part(found, "responses")).items()
        for decision in decision_of(facts, said, response=response, reviewer=names.get(user, user), where="metadata")
    ]


def user_id(reviewer: str) -> str:
    """A reviewer's UUID: the same for the same name."""
    return str(uuid5(NAMESPACE_URL, f"stillhouse:reviewer:{reviewer}"))


def _part(found: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = found.get(name)
    if part is None and name == "responses":
        return {}
    if not isinstance(part, dict):
        raise Malformed(name, "must be an object" if name in found else "is missing")
    return part


def _reviewers(facts: Mapping[str, Any]) -> dict[str, str]:
    known = facts.get("reviewers") or []
    if not isinstance(known, list) or not all(isinstance(one, str) for one in known):
        raise Malformed("metadata.reviewers", "must be a list of texts, 'UUID NAME'")
    pairs = (one.partition(" ") for one in known)
    return {user: name for user, _, name in pairs if name}


def _by_user(responses: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    users: dict[str, dict[str, str]] = defaultdict(dict)
    for question in QUESTIONS:
        answers = responses.get(question) or []
        if not isinstance(answers, list):
            raise Malformed(f"responses.{question}", "must be a list")
        for place, one in enumerate(answers):
            where = f"responses.{question}[{place}]"
            if not isinstance(one, dict):
                raise Malformed(where, "must be an object with value and user_id")
            users[text_of(one, "user_id", where)][question] = text_of(one, "value", where)
    return users
