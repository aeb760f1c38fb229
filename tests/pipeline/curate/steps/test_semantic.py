"""Semantic duplicates: exact cosines, the laws of the step, and the models it takes."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.curate.dedupe import On
from pipeline.curate.distil_static import distil
from pipeline.curate.steps.select import Select
from pipeline.curate.steps.semantic import Semantic
from pipeline.recipe.embedding_models import packaged_folder
from pipeline.recipe.load import load_recipe
from pipeline.recipe.verdict import Drop, Keep, Sample
from prompts.errors import InputError
from prompts.messages import Message
from tests.pipeline.curate.make import sample, verdicts_of
from tests.pipeline.curate.static_models import WORDS, save_static

TEXTS = st.lists(st.lists(st.sampled_from([*WORDS, "xyz"]), max_size=4).map(" ".join), max_size=10)


def kept(samples: list[Sample], config: Semantic) -> list[str]:
    return [verdict.sample.sample_id for verdict in verdicts_of(config, samples) if isinstance(verdict, Keep)]


def numbered(texts: list[str]) -> list[Sample]:
    return [sample(text, prompt_id=f"{number}", sample_id=f"{number}") for number, text in enumerate(texts)]


@given(texts=TEXTS, seed=st.randoms(use_true_random=False), thresholds=st.tuples(st.floats(0.1, 1), st.floats(0.1, 1)))
def test_laws(model: str, texts: list[str], seed: random.Random, thresholds: tuple[float, float]) -> None:
    low, high = (Semantic(threshold=threshold, model=model) for threshold in sorted(thresholds))
    samples = numbered(texts)
    found = kept(samples, high)
    assert len(verdicts_of(high, samples)) == len(samples)
    assert sorted(kept(seed.sample(samples, len(samples)), high)) == sorted(found)
    assert kept([one for one in samples if one.sample_id in found], high) == found
    assert set(kept(samples, low)) <= set(found)
    for verdict in verdicts_of(high, samples):
        assert isinstance(verdict, Keep) or (verdict.score or 0) >= high.threshold - 0.001


def test_a_drop_names_the_nearest_better_one(model: str) -> None:
    samples = numbered(["reset password", "weather", "change passphrase", "rain", "change password"])
    verdicts = verdicts_of(Semantic(threshold=0.9, model=model), samples)
    assert [verdict.detail if isinstance(verdict, Drop) else None for verdict in verdicts] == [
        None,
        None,
        "0",
        "1",
        "2",
    ]
    rain = verdicts[3]
    assert isinstance(rain, Drop)
    assert rain.score == pytest.approx(1 / 1.01**0.5, abs=0.001)


def test_no_chain_joins_what_is_not_near(model: str) -> None:
    """Rain is near sun's neighbour weather, but not sun: where weather is the worst of them, both stay."""
    samples = numbered(["sun", "rain", "weather"])
    assert kept(samples, Semantic(threshold=0.94, model=model)) == ["0", "1"]


def test_a_held_out_text_stays(model: str) -> None:
    samples = [sample("reset password", prompt_id="1"), sample("change password", split="heldout", prompt_id="2")]
    assert kept(samples, Semantic(threshold=0.9, model=model)) == [samples[1].sample_id]


@pytest.mark.parametrize(("on", "stay"), [("prompt", ["1", "2"]), ("reply", ["1", "4"]), ("both", ["1", "4"])])
def test_a_prompt_stays_or_leaves_with_its_samples(model: str, on: On, stay: list[str]) -> None:
    samples = [
        sample("reset password", "rain", prompt_id="p", sample_id="1"),
        sample("reset password", "rain", prompt_id="p", sample_id="2"),
        sample("change password", "rain", prompt_id="q", sample_id="3"),
        sample("change password", "change", prompt_id="q", sample_id="4"),
    ]
    assert kept(samples, Semantic(on=on, threshold=0.9, model=model)) == stay


def test_another_system_text_is_another_task(model: str) -> None:
    def asked(system: str, text: str) -> Sample:
        student_messages = (Message("system", system), Message("user", text))
        return sample(f"{system}{text}", prompt_id=f"{system}{text}", student_messages=student_messages)

    samples = [asked("weather weather", "reset"), asked("rain", "reset"), asked("rain", "rain")]
    assert len(kept(samples, Semantic(threshold=0.9, model=model))) == 3


def test_odd_texts(model: str) -> None:
    samples = numbered(["", " ", "xyz", "\ud800", "rain " * 200_000, "rain", ""])
    assert kept(samples, Semantic(threshold=0.9, model=model)) == ["0", "1", "2", "3", "4"]
    assert verdicts_of(Semantic(model=model), []) == []


def test_a_recipe_names_models_beside_it(tmp_path: Path) -> None:
    text = """name: x
prompts: {source: rows.jsonl, template: t.md}
teacher: "scripted:r"
student: {base: smollm2-135m}
curate:
  steps:
    - {step: semantic, model: static}
    - step: select
      rows: 5
      model: %s
"""
    (tmp_path / "rows.jsonl").write_text('{"q": "a"}\n')
    (tmp_path / "t.md").write_text("---\nname: t\nfields: [q]\n---\n{{ q }}\n")
    save_static(tmp_path / "static")
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(text % "potion/base")
    semantic, select = load_recipe(recipe).curate.steps
    assert isinstance(semantic, Semantic)
    assert isinstance(select, Select)
    assert (semantic.model, select.model) == (str(tmp_path / "static"), "potion/base")
    recipe.write_text(text % "./missing")
    with pytest.raises(InputError, match=r"recipe.yaml:10: field 'curate.steps.select.model': no such model"):
        load_recipe(recipe)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_packaged_model_tells_what_is_asked_from_how(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STILLHOUSE_CACHE", str(tmp_path))
    samples = numbered(
        [
            "are lighting bugs and fireflies the same thing",
            "is there no difference between fireflies and lightning bugs",
            "is the movie sandlot based on a true story",
            "is the movie jungle based on a true story",
        ]
    )
    assert kept(samples, Semantic(threshold=0.75)) == ["0", "2", "3"]
    assert distil(packaged_folder("all-minilm-l6-v2", "f")).dim == 256
