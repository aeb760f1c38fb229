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
    """Makes a record with the id `name` of a card."""
    responses: dict[str, list[dict[str, str]]] = defaultdict(list)
    reviewers: list[str] = []
    for decision in card.decisions:
        # Argilla knows users by UUID alone; `reviewers` in the metadata says whose it is.
        user = user_id(decision.reviewer)
        reviewers.append(f"{user} {decision.reviewer}")
        for question, value in fields_of(decision, card).items():
            responses[question].append({"value": value, "user_id": user})
    fields: dict[str, Any] = {"prompt": card.prompt, "response": card.response}
    if card.other is not None:
        fields["other"] = card.other
    return {
        "id": name,
        "fields": fields,
        "metadata": {**card.facts(), "reviewers": reviewers},
        "suggestions": {},
        "responses": dict(responses),
        "vectors": {},
        "status": "completed" if card.decisions else "pending",
        "_server_id": None,
    }


def decisions(record: Mapping[str, Any]) -> list[Decision]:
    """Reads what its users said; Malformed where it is no such record. A user without a name goes by their UUID."""
    facts, fields = _part(record, "metadata"), _part(record, "fields")
    response = text_of(fields, "response", "fields")
    names = _reviewers(facts)
    made: list[Decision] = []
    for user, filled in _by_user(_part(record, "responses")).items():
        made += decision_of(facts, filled, response=response, reviewer=names.get(user, user), where="metadata")
    return made


def user_id(reviewer: str) -> str:
    """Makes a reviewer's UUID: the same for the same name."""
    return str(uuid5(NAMESPACE_URL, f"stillhouse:reviewer:{reviewer}"))


def _part(record: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = record.get(name)
    if part is None and name == "responses":
        return {}
    if not isinstance(part, dict):
        raise Malformed(name, "must be an object" if name in record else "is missing")
    return part


def _reviewers(facts: Mapping[str, Any]) -> dict[str, str]:
    entries = facts.get("reviewers") or []
    if not isinstance(entries, list) or not all(isinstance(entry, str) for entry in entries):
        raise Malformed("metadata.reviewers", "must be a list of texts, 'UUID NAME'")
    names: dict[str, str] = {}
    for entry in entries:
        user, _, name = entry.partition(" ")
        if name:
            names[user] = name
    return names


def _by_user(responses: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    users: dict[str, dict[str, str]] = defaultdict(dict)
    for question in QUESTIONS:
        answers = responses.get(question) or []
        if not isinstance(answers, list):
            raise Malformed(f"responses.{question}", "must be a list")
        for place, answer in enumerate(answers):
            where = f"responses.{question}[{place}]"
            if not isinstance(answer, dict):
                raise Malformed(where, "must be an object with value and user_id")
            users[text_of(answer, "user_id", where)][question] = text_of(answer, "value", where)
    return users
