"""Keys by their issuers' formats."""

from __future__ import annotations

import pytest

from tests.pipeline.curate.make_pii import KEYS, masked


@pytest.mark.parametrize("key", KEYS)
def test_keys_of_known_issuers_are_masked_whole(key: str) -> None:
    assert masked(f"KEY={key}") == "KEY=<KEY>"


def test_an_aws_secret_is_found_behind_its_name() -> None:
    assert masked("AWS_SECRET_ACCESS_KEY=" + "aB3/" * 10) == "AWS_SECRET_ACCESS_KEY=<KEY>"
