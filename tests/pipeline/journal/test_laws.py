"""Laws of the journal: replies round-trip, what is owed follows from the outcomes, the export from the replies."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.journal.export import rows
from pipeline.journal.journal import Journal
from teachers.base import Alternative, Reply, TokenLogprob
from tests.pipeline.journal.make_laws import end, request, use, wanted


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_any_order_of_settling_gives_the_same_export(seed: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    chance = random.Random(seed)
    texts = [f"t{i}" for i in range(9)]
    exports = []
    for order in (list(texts), chance.sample(texts, len(texts))):
        path = tmp_path_factory.mktemp("order") / "journal.sqlite"
        use(path, _settle_in(order, texts, again=chance.choice(texts)))
        exports.append([{k: v for k, v in row.items() if k not in ("created_at", "attempts")} for row in rows(path)])
    assert exports[0] == exports[1]
    assert [row["reply"] for row in exports[0]] == texts


def _settle_in(order: Sequence[str], texts: Sequence[str], again: str) -> Callable[[Journal], Awaitable[None]]:
    async def work(journal: Journal) -> None:
        await journal.want((wanted(text),) for text in texts)
        await end(journal, request(again), "transient")
        attempts = {text: await journal.intend(request(text)) for text in order}
        for text in reversed(order):
            top = tuple(Alternative(word.encode(), -1.0) for word in (text, "yes", "no"))
            token = TokenLogprob(text.encode(), -1.0, None, top)
            await journal.settle(attempts[text], request(text), Reply(text, tokens=(token,)))

    return work
