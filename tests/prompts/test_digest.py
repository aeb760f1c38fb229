"""Digests: the same value has the same name, everywhere and for ever: journals are keyed by them."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from prompts.digest import digest, digest_bytes, digest_file, share_of

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=3)
    ),
    max_leaves=8,
)


def test_digests_that_are_in_journals_stay() -> None:
    """These were computed by the first version."""
    assert digest({"b": [1, 2.5, None], "a": "é"}) == "d764fee2563da33e3d57334755404e63"
    assert digest_bytes(b"") == "e3b0c44298fc1c149afbf4c8996fb924"
    assert share_of("mail") == 0.5298425150065009


@given(VALUES)
def test_a_share_lies_in_its_interval(value: object) -> None:
    assert 0 <= share_of(value) < 1


@given(st.dictionaries(st.text(st.characters(codec="utf-8")), VALUES, max_size=4))
def test_the_order_of_keys_decides_nothing(value: dict[str, object]) -> None:
    assert digest(value) == digest(dict(reversed(value.items())))


def test_a_folder_is_its_files_with_their_names(tmp_path: Path) -> None:
    for name in ("one", "other", "renamed"):
        folder = tmp_path / name / "deep"
        folder.mkdir(parents=True)
        (folder / ("b" if name == "renamed" else "a")).write_bytes(b"x")
    one, other, renamed = (digest_file(tmp_path / name) for name in ("one", "other", "renamed"))
    assert one == other != renamed
    assert digest_file(tmp_path / "one/deep/a") == digest_bytes(b"x")
