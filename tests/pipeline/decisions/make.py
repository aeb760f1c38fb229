"""Decisions of three reviewers about two samples."""

from __future__ import annotations

from hypothesis import strategies as st

from pipeline.decisions.decision import Decision

DECISIONS = st.lists(
    st.builds(
        Decision,
        prompt_id=st.just("p"),
        sample_id=st.sampled_from("st"),
        reviewer=st.sampled_from(["ann", "bob", "eve"]),
        kind=st.sampled_from(["accept", "reject", "edit", "withdraw"]),
        text=st.sampled_from(["ham", "spam"]),
        seen=st.just("ham"),
    ),
    max_size=20,
)
