"""Argilla's records."""

from __future__ import annotations

from pipeline.review.exchange import READERS, WRITERS
from pipeline.review.formats.card import Card
from tests.pipeline.review.make import decision


def test_an_argilla_record_has_argillas_keys() -> None:
    card = Card("s", "p", [{"role": "user", "content": "q"}], "ham", "train", "kept", decisions=(decision("accept"),))
    record = WRITERS["argilla"](card, "s")
    # argilla 2.8: Record.to_dict
    assert [*record] == [
        *("id", "fields", "metadata", "suggestions", "responses", "vectors", "status", "_server_id"),
    ]
    [answer] = record["responses"]["decision"]
    assert answer["value"] == "accept"
    assert len(answer["user_id"]) == 36


def test_answers_of_a_tool_that_fills_in_more_than_one_field_are_one_decision() -> None:
    facts = {"sample_id": "s", "prompt_id": "p"}
    user = "6a0a2f5a-0000-0000-0000-000000000000"

    def said(**values: str) -> list[tuple[str, str | None]]:
        responses = {name: [{"value": value, "user_id": user}] for name, value in values.items()}
        record = {"fields": {"response": "ham"}, "metadata": facts, "responses": responses}
        return [(one.kind, one.says) for one in READERS["argilla"](record)]

    assert said(decision="accept", answer="spam") == [("edit", "spam")]
    assert said(decision="accept", answer="ham") == [("accept", "ham")]
    assert said(answer="ham") == [("accept", "ham")]
    assert said(decision="reject", label="spam") == [("relabel", "spam")]
    assert said(note="only that") == []
