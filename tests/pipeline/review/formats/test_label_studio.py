"""Label Studio's tasks and annotations."""

from __future__ import annotations

from pipeline.review.exchange import READERS


def test_label_studios_accounts_are_reviewers_and_cancelled_annotations_say_nothing() -> None:
    result = {"from_name": "decision", "to_name": "response", "type": "choices", "value": {"choices": ["reject"]}}
    data = {"sample_id": "s", "prompt_id": "p", "response": "ham"}
    annotations = [
        {"completed_by": 7, "result": [result]},
        {"completed_by": {"id": 8, "email": "ann@example.org"}, "result": [result, {"from_name": "theirs"}]},
        {"completed_by": 9, "was_cancelled": True, "result": [result]},
    ]
    found = READERS["label-studio"]({"data": data, "annotations": annotations})
    assert [one.reviewer for one in found] == ["label-studio:7", "label-studio:ann@example.org"]
