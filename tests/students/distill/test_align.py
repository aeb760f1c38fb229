"""Laws of alignment, on real tokenizers of different families trained on real mails."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prompts.packaged import packaged_model
from students.distill.align import SoftTarget, Targets, TeacherToken, align, head_size, mix, spans
from students.distill.token_table import TokenTable

MAILS = Path(__file__).parents[3] / "data" / "spam_assassin.jsonl"


def mails() -> Iterator[str]:
    with MAILS.open(encoding="utf-8") as file:
        for line in list(file)[:200]:
            yield json.loads(line)["body"]


@cache
def family(name: str) -> Any:
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
    from transformers import AutoTokenizer, PreTrainedTokenizerFast

    if name == "smollm2":
        file = packaged_model("smollm2-135m")
        return AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name)
    ends = {"unk_token": "<unk>", "eos_token": "</s>"}
    if name == "byte-bpe":
        raw = Tokenizer(models.BPE())
        raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
        raw.decoder = decoders.ByteLevel()
        alphabet = pre_tokenizers.ByteLevel.alphabet()
        trainer = trainers.BpeTrainer(vocab_size=1500, initial_alphabet=alphabet, special_tokens=["<unk>", "</s>"])
        raw.train_from_iterator(mails(), trainer)
        return PreTrainedTokenizerFast(tokenizer_object=raw, **ends)
    bytes_ = [f"<0x{byte:02X}>" for byte in range(256)]
    learned = Tokenizer(models.BPE())
    learned.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    learned.train_from_iterator(
        mails(), trainers.BpeTrainer(vocab_size=1200, special_tokens=["<unk>", "</s>", *bytes_])
    )
    state = json.loads(learned.to_str())["model"]
    merges = [tuple(pair) for pair in state["merges"]]
    raw = Tokenizer(models.BPE(state["vocab"], merges, byte_fallback=True, unk_token="<unk>"))
    raw.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    raw.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    return PreTrainedTokenizerFast(tokenizer_object=raw, **ends)


FAMILIES = ("smollm2", "byte-bpe", "sentencepiece")
TEXTS = st.one_of(
    st.sampled_from(list(mails())).flatmap(lambda mail: st.builds(lambda at: mail[at : at + 60], st.integers(0, 80))),
    st.text(max_size=20),
)


@cache
def table_of(name: str) -> TokenTable:
    return TokenTable(family(name))


def ids_of(name: str, text: str) -> list[int]:
    ids: list[int] = family(name)(text, add_special_tokens=False)["input_ids"]
    return ids


def teacher_tokens(name: str, text: str, seed: int, heads: int = 4) -> list[TeacherToken]:
    """The text in this tokenizer's tokens, each with `heads` alternatives, the sampled one among them."""
    table, size = table_of(name), len(family(name))
    tokens = []
    for place, index in enumerate(ids_of(name, text)):
        others = [(index * 31 + seed + place * 7 + step * 101) % size for step in range(heads * 3)]
        wanted = [index, *(other for other in dict.fromkeys(others) if other != index)][:heads]
        shares = [0.5 / 2**rank for rank in range(len(wanted))]
        top = tuple((table.bytes_of(one), one, math.log(share)) for one, share in zip(wanted, shares, strict=True))
        tokens.append(TeacherToken(table.bytes_of(index), top))
    return tokens


def spelt(name: str, text: str) -> bool:
    """Whether this tokenizer can write the text at all; SmolLM2's lacks a few bytes."""
    return b"".join(map(table_of(name).bytes_of, ids_of(name, text))).removeprefix(b" ") == text.encode().removeprefix(
        b" "
    )


@settings(max_examples=120, deadline=None)
@given(text=TEXTS, seed=st.integers(0, 1000), name=st.sampled_from(["smollm2", "byte-bpe"]))
def test_identity_for_equal_tokenizers(text: str, seed: int, name: str) -> None:
    if not text.strip() or not spelt(name, text):
        return
    tokens = teacher_tokens(name, text, seed)
    found = align(tokens, ids_of(name, text), text.encode(), table_of(name))
    assert found is not None
    for token, target in zip(tokens, found, strict=True):
        assert target is not None
        wanted = {hint: math.exp(logprob) for _, hint, logprob in token.top}
        assert dict(target.head) == pytest.approx(wanted)
        assert target.tail == pytest.approx(1 - sum(wanted.values()))


@settings(max_examples=200, deadline=None)
@given(text=TEXTS, seed=st.integers(0, 1000), teacher=st.sampled_from(FAMILIES), student=st.sampled_from(FAMILIES))
def test_mass_is_never_created_and_the_bytes_are_the_text(text: str, seed: int, teacher: str, student: str) -> None:
    if not text.strip() or not spelt(teacher, text) or not spelt(student, text):
        return
    tokens = teacher_tokens(teacher, text, seed)
    reply = b"".join(token.piece for token in tokens)
    ids, table = ids_of(student, text), table_of(student)
    found, places = align(tokens, ids, reply, table), spans(ids, reply, table)
    assert found is not None
    assert places is not None
    starts = {sum(len(token.piece) for token in tokens[:number]): token for number, token in enumerate(tokens)}
    for index, (start, end), target in zip(ids, places, found, strict=True):
        assert (
            reply[max(start, 0) : max(end, 0)] == table.bytes_of(index)[max(-start, 0) :][: len(reply) - max(start, 0)]
        )
        if target is None:
            continue
        token = starts[max(start, 0)] if start <= 0 else starts[start]
        mass = sum(share for _, share in target.head)
        assert mass <= sum(math.exp(logprob) for _, _, logprob in token.top) + 1e-9
        assert mass + target.tail == pytest.approx(1)
        assert index in dict(target.head), "the sampled token is among what the teacher could have said"
        assert len(dict(target.head)) == len(target.head)


def plain(*pieces: tuple[str, dict[str, float]]) -> list[TeacherToken]:
    """Pieces with the probabilities of their alternatives, from a teacher whose ids are unknown."""
    return [
        TeacherToken(piece.encode(), tuple((other.encode(), None, math.log(p)) for other, p in top.items()))
        for piece, top in pieces
    ]


def said(name: str, targets: Targets | None) -> list[dict[bytes, float] | None]:
    assert targets is not None
    bytes_of = table_of(name).bytes_of
    return [None if one is None else {bytes_of(index): round(share, 6) for index, share in one.head} for one in targets]


def test_a_longer_teacher_token_credits_the_first_and_leaves_the_rest() -> None:
    ids = ids_of("smollm2", "spamming")
    assert len(ids) > 1
    first, *rest = (table_of("smollm2").bytes_of(index) for index in ids)
    found = said(
        "smollm2", align(plain(("spamming", {"spamming": 0.7, "ham": 0.2})), ids, b"spamming", table_of("smollm2"))
    )
    ham = table_of("smollm2").bytes_of(ids_of("smollm2", "ham")[0])
    assert found == [{first: 0.7, ham: 0.2}, *[None] * len(rest)]


def test_a_student_token_over_several_teacher_tokens_has_none() -> None:
    ids = ids_of("smollm2", "the")
    assert len(ids) == 1
    tokens = plain(("t", {"t": 0.9}), ("he", {"he": 0.9}))
    assert said("smollm2", align(tokens, ids, b"the", table_of("smollm2"))) == [None]


def test_alternatives_that_begin_alike_add_up() -> None:
    table, ids = table_of("smollm2"), ids_of("smollm2", "spam")
    first = table.bytes_of(ids[0]).decode()
    tokens = plain(("spam", {"spam": 0.5, first: 0.2}) if first != "spam" else ("spam", {"spam": 0.7}))
    found = said("smollm2", align(tokens, ids, b"spam", table))[0]
    assert found == {first.encode(): 0.7}


def test_half_characters_and_foreign_ends() -> None:
    table, ids = table_of("smollm2"), ids_of("smollm2", "a")
    half = "€".encode()[:1]
    tokens = [
        TeacherToken(b"a", ((b"a", None, math.log(0.5)), (b"<|eot_id|>", None, math.log(0.3)), (half, None, -3.0)))
    ]
    found = align(tokens, ids, b"a", table)
    assert found is not None
    assert found[0] is not None
    head = dict(found[0].head)
    assert head[family("smollm2").eos_token_id] == pytest.approx(0.3), "another family's end of turn is the student's"
    assert sum(head.values()) + found[0].tail == pytest.approx(1)
    tokens = [TeacherToken(b"a", ((b"a", None, math.log(0.5)), (b"<|python_tag|>", None, math.log(0.3))))]
    found = align(tokens, ids, b"a", table)
    assert found is not None
    assert said("smollm2", found) == [{b"a": 0.5}], "an unknown marker is tail"


def test_a_stripped_reply_keeps_its_offsets() -> None:
    ids = ids_of("smollm2", "ham")
    found = align(plain((" \n", {" \n": 0.9}), ("ham", {"ham": 0.6})), ids, b" \nham", table_of("smollm2"))
    assert found is not None
    assert found[0] is not None
    assert found[0].tail == pytest.approx(0.4)


def test_another_text_is_not_aligned() -> None:
    assert align(plain(("spam", {"spam": 1.0})), ids_of("smollm2", "ham"), b"spam", table_of("smollm2")) is None


def test_the_sampled_token_that_a_server_appends_is_tail() -> None:
    usual = plain(*[("a", {"a": 0.5, "b": 0.3})] * 3)
    extra = plain(("z", {"a": 0.5, "b": 0.3, "z": 0.01}))
    assert head_size([*usual, *extra]) == 2
    found = align(
        [*usual, *extra], ids_of("byte-bpe", "a") * 3 + ids_of("byte-bpe", "z"), b"aaaz", table_of("byte-bpe")
    )
    assert set(said("byte-bpe", found)[3] or ()) == {b"a", b"b"}


def test_mixtures_weigh_and_never_create() -> None:
    one, two = SoftTarget(((1, 0.6), (2, 0.3)), 0.1), SoftTarget(((1, 0.2),), 0.8)
    (mixed,) = mix([(1, [one]), (3, [two])])
    assert mixed is not None
    assert dict(mixed.head) == pytest.approx({1: 0.3, 2: 0.075})
    assert mixed.tail == pytest.approx(0.625)
    (alone,) = mix([(1, [one]), (3, [None])])
    assert alone is not None
    assert alone.head == one.head
    assert mix([(1, [None])]) == [None]
