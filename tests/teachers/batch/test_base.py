"""Results of a batch: no key of the user's passes, in a reply or in an error."""

from __future__ import annotations

from teachers.base import Reply
from teachers.batch.base import Result
from teachers.errors import InvalidRequest, Malformed

KEY = "sk-proj-canary-0123456789abcdef"


def test_a_key_is_cut_from_an_error() -> None:
    result = Result("k", InvalidRequest(f"the key {KEY} is old", provider="openai", status=400))
    cleaned = result.without([KEY], "openai")
    assert cleaned is result
    assert isinstance(cleaned.ended, InvalidRequest)
    assert KEY not in str(cleaned.ended)
    assert cleaned.ended.status == 400


def test_a_reply_that_holds_a_key_is_malformed() -> None:
    cleaned = Result("k", Reply(f"your key is {KEY}")).without([KEY], "openai")
    assert cleaned.key == "k"
    assert isinstance(cleaned.ended, Malformed)
    assert KEY not in str(cleaned.ended)


def test_a_clean_reply_stays_as_it_is() -> None:
    result = Result("k", Reply("spam"))
    assert result.without([KEY], "openai") is result
