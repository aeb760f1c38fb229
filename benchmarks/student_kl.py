"""What a soft target is worth: python -m benchmarks.student_kl [--rows N] [--seeds N]

A small language model, trained on the SpamAssassin mails, is the teacher: it goes on from some words of a mail,
sampled at temperature 1, and its likeliest tokens are stored as a hosted teacher's would be. Students of its size,
which have read the mails less often, as a real student has read what its teacher has, learn from the same rows by
cross-entropy, by these tokens renormalised (as peers do), by the head and one bucket for the tail, by our loss, and by
the teacher's whole distribution, which no API gives. Measured is the KL from the teacher on held-out answers, over the
whole vocabulary, in nats a token: the median of the seeds. Each row is read once by default: a sampled token that is
read again and again is learned by heart, and the tail is known by samples alone.
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import torch
from torch import Tensor
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast, PrinterCallback

from pipeline.run.records import TOKENS
from prompts.token_bytes import token_bytes
from students.config import StudentConfig
from students.corpus.encode import IGNORED, encode_row
from students.corpus.order import order_by_length
from students.distill import method as distill
from students.distill.losses import cross_entropy_N, full_kl_N
from students.distill.soft_trainer import NOWHERE, SoftTargetTrainer
from students.job import Job
from students.method import Data, Setup
from students.methods.distill import Distill
from students.progress import Reporter
from students.quiet import quiet
from students.result import ignore

MAILS = Path(__file__).parents[1] / "data" / "spam_assassin.jsonl"
ANSWER_TOKENS, PROMPT_WORDS = 64, 6
HELDOUT = 400
SIZE = (128, 2)
"""Width and layers of teacher and students."""
BATCH_ROWS, SAMPLED_ROWS = 32, 512
END = 1
"""The token of a turn's end."""
TEMPLATE = (
    "{% for turn in messages %}<{{ turn.role }}>{{ turn.content }}</s>{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)


def mail_turns() -> list[tuple[str, str]]:
    """Words of a mail, and twice as many that follow."""
    found = []
    for line in MAILS.read_text(encoding="utf-8").splitlines():
        words = json.loads(line)["body"].split(" ")
        for at in range(0, len(words) - 3 * PROMPT_WORDS, 2 * PROMPT_WORDS):
            piece = words[at : at + 3 * PROMPT_WORDS]
            found.append((" ".join(piece[:PROMPT_WORDS]), " " + " ".join(piece[PROMPT_WORDS:])))
    return found


def build_tokenizer(size: int) -> Any:
    """Byte-level BPE, learned from the mails."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    special = ["<pad>", "</s>", "<user>", "<assistant>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=size, initial_alphabet=alphabet, special_tokens=special)
    raw.train_from_iterator((" ".join(turns) for turns in mail_turns()), trainer)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=raw, eos_token="</s>", pad_token="<pad>")
    tokenizer.add_special_tokens({"additional_special_tokens": special[2:]})
    tokenizer.chat_template = TEMPLATE
    return tokenizer


def build_model(tokenizer: Any, size: int, layers: int, seed: int) -> Any:
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=size,
        intermediate_size=3 * size,
        num_hidden_layers=layers,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=256,
        bos_token_id=END,
        eos_token_id=END,
        pad_token_id=0,
        tie_word_embeddings=True,
    )
    return LlamaForCausalLM(config)


def pretrain(model: Any, tokenizer: Any, steps: int, seed: int) -> Any:
    """The model after so many batches of 32 pieces of the mails themselves."""
    optimiser = torch.optim.AdamW(model.parameters(), lr=2e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 2e-3, total_steps=steps)
    turns = mail_turns()
    chance = torch.Generator().manual_seed(seed)
    for _ in range(steps):
        rows = [turns[int(index)] for index in torch.randint(len(turns), (32,), generator=chance)]
        texts = [f"<user>{prompt}</s><assistant>{rest}</s>" for prompt, rest in rows]
        batch = tokenizer(texts, return_tensors="pt", padding=True, truncation=True, max_length=96)
        labels = batch["input_ids"].masked_fill(batch["attention_mask"] == 0, IGNORED)
        loss = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"], labels=labels).loss
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    return model.eval()


def answers(teacher: Any, tokenizer: Any, prompts: list[str], captured: int, seed: int) -> list[dict[str, Any]]:
    """Rows of kept.parquet: sampled answers with the likeliest tokens at each place."""
    torch.manual_seed(seed)
    tokenizer.padding_side = "left"
    bytes_of, rows = token_bytes(tokenizer), []
    for at in range(0, len(prompts), SAMPLED_ROWS):
        asked = prompts[at : at + SAMPLED_ROWS]
        batch = tokenizer([f"<user>{prompt}</s><assistant>" for prompt in asked], return_tensors="pt", padding=True)
        said = sample(teacher, batch["input_ids"], batch["attention_mask"], captured)
        rows += [
            _row(at + number, prompt, bytes_of, *(part[number].tolist() for part in said))
            for number, prompt in enumerate(asked)
        ]
    tokenizer.padding_side = "right"
    return [row for row in rows if row is not None]


@torch.no_grad()
def sample(teacher: Any, ids_BP: Tensor, mask_BP: Tensor, captured: int) -> tuple[Tensor, ...]:
    """Until all rows have ended: sampled ids [B, T] and their logprobs, the likeliest ids [B, T, K] and theirs."""
    cache, mask, now = None, mask_BP, ids_BP
    found: list[tuple[Tensor, ...]] = []
    ended = torch.zeros(len(ids_BP), dtype=torch.bool)
    while len(found) < ANSWER_TOKENS and not ended.all():
        places = (mask.cumsum(-1) - 1).clamp(min=0)[:, -now.shape[1] :]
        fed = {"input_ids": now, "attention_mask": mask, "position_ids": places, "past_key_values": cache}
        out = teacher(**fed, use_cache=True, logits_to_keep=1)
        cache, logprobs_BV = out.past_key_values, out.logits[:, -1].log_softmax(-1)
        now = torch.multinomial(logprobs_BV.exp(), 1)
        mask = torch.cat([mask, torch.ones_like(now)], -1)
        ended |= now[:, 0] == END
        top = logprobs_BV.topk(captured, -1)
        found.append((now[:, 0], logprobs_BV.gather(-1, now)[:, 0], top.indices, top.values))
    return tuple(torch.stack(part, 1) for part in zip(*found, strict=True))


def _row(
    number: int,
    prompt: str,
    bytes_of: Any,
    ids: list[int],
    logprobs: list[float],
    top_ids: list[list[int]],
    top_logprobs: list[list[float]],
) -> dict[str, Any] | None:
    """None where the answer is cut off or is no text."""
    if END not in ids:
        return None
    ids = ids[: ids.index(END)]
    try:
        text = b"".join(map(bytes_of, ids)).decode()
    except UnicodeDecodeError:
        return None
    if not text.strip() or any(index < 4 for index in ids):
        return None
    tokens = []
    for place, index in enumerate(ids):
        pairs = zip(top_ids[place], top_logprobs[place], strict=True)
        top = [{"bytes": bytes_of(one), "id": one, "logprob": logprob} for one, logprob in pairs]
        tokens.append({"bytes": bytes_of(index), "id": index, "logprob": logprobs[place], "top": top})
    return {
        "prompt_id": f"p{number}",
        "prompt": [{"role": "user", "content": prompt}],
        "completion": [{"role": "assistant", "content": text}],
        "split": "train",
        "sampling": {"temperature": 1.0, "top_p": 1.0},
        "tokens": tokens,
    }


class Renormalised(SoftTargetTrainer):
    """The head alone, made to sum to 1: what Axolotl, EasyDistill and others train on."""

    def total(self, logits_MV: Tensor, sampled_M: Tensor, place_M: Tensor, parts: dict[str, Tensor]) -> Tensor:
        """KL of the student, over its whole vocabulary, from the renormalised head."""
        soft_M = place_M != NOWHERE
        place_N = place_M[soft_M]
        p_NK = parts["soft_logprobs_NK"][place_N].log_softmax(-1)
        q_NK = logits_MV[soft_M].log_softmax(-1).gather(-1, parts["soft_ids_NK"][place_N])
        held_NK = p_NK > float("-inf")
        gap_NK = p_NK.masked_fill(~held_NK, 0) - q_NK.masked_fill(~held_NK, 0)
        return (p_NK.exp() * gap_NK).sum() + cross_entropy_N(logits_MV, sampled_M)[~soft_M].sum()


class Full(SoftTargetTrainer):
    """The teacher's whole distribution, from the teacher itself."""

    teacher: Any

    def compute_loss(
        self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        with torch.no_grad():
            ids = {name: inputs[name] for name in ("input_ids", "attention_mask")}
            self.said_BTV = self.teacher(**ids).logits[:, :-1]
        self.labels_BT = inputs["labels"][:, 1:]
        return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)

    def total(self, logits_MV: Tensor, sampled_M: Tensor, place_M: Tensor, parts: dict[str, Tensor]) -> Tensor:
        """KL over the whole vocabulary at every taught token."""
        return full_kl_N(self.said_BTV[self.labels_BT != IGNORED], logits_MV).sum()


@dataclass(slots=True, frozen=True)
class Bench:
    tokenizer: Any
    teacher: Any
    corpus: Path
    heldout: list[dict[str, list[int]]]
    folder: Path
    steps: int
    """Of a student's pretraining."""


METHODS: dict[str, tuple[type[SoftTargetTrainer], Distill]] = {
    "sft: cross-entropy on the text": (SoftTargetTrainer, Distill(a_ce=1, a_kd=0)),
    "head renormalised": (Renormalised, Distill()),
    "head and tail bucket (tail_sampling 0)": (SoftTargetTrainer, Distill(tail_sampling=0)),
    "ours (tail_sampling 1)": (SoftTargetTrainer, Distill()),
    "the whole distribution": (Full, Distill()),
}


def base_of(bench: Bench, seed: int) -> Path:
    """A pretrained student of the teacher's size, as a directory; made once."""
    base = bench.folder / f"base-{seed}"
    if not base.is_dir():
        model = build_model(bench.tokenizer, *SIZE, seed + 1)
        pretrain(model, bench.tokenizer, bench.steps, seed + 1).save_pretrained(base)
        bench.tokenizer.save_pretrained(base)
    return base


def train(bench: Bench, name: str, seed: int, epochs: float) -> Any:
    """A student, taught."""
    kind, settings = METHODS[name]
    base = base_of(bench, seed)
    config = StudentConfig(
        base=str(base),
        method="distill",
        distill=settings,
        epochs=epochs,
        learning_rate=1e-3,
        batch_size=BATCH_ROWS,
        seed=seed,
        precision="float32",
        validation_fraction=0.02,
        eval_every=epochs,
    )
    with tempfile.TemporaryDirectory() as work, quiet():
        job = Job(config, bench.corpus, str(base), Path(work), Path(work), bench.folder)
        data: Data = distill.load_data(job, bench.tokenizer)
        order = order_by_length(data.lengths, config.batch_size, seed)
        setup = Setup(job, distill.arguments(config, Path(work)), bench.tokenizer, data, order, Reporter(ignore))
        trainer = distill.build_trainer(setup)
        trainer.__class__ = kind
        trainer.remove_callback(PrinterCallback)
        if kind is Full:
            trainer.teacher = bench.teacher
        trainer.train()
        return trainer.model.eval()


@torch.no_grad()
def heldout_kl(bench: Bench, student: Any) -> float:
    """Nats a token, over the whole vocabulary, on answers that nobody trained on."""
    total, count = 0.0, 0
    for row in bench.heldout:
        ids, labels = torch.tensor([row["input_ids"]]), torch.tensor(row["labels"])[1:]
        taught = labels != IGNORED
        teacher, found = (model(input_ids=ids).logits[0, :-1][taught] for model in (bench.teacher, student))
        total += float(full_kl_N(teacher, found).sum())
        count += int(taught.sum())
    return total / count


def main() -> None:
    """Prints one table."""
    options = argparse.ArgumentParser()
    options.add_argument("--rows", type=int, default=16384)
    options.add_argument("--seeds", type=int, default=3)
    options.add_argument("--epochs", type=float, default=1)
    options.add_argument("--vocabulary", type=int, default=400, help="tokens")
    options.add_argument("--top", type=int, default=5, help="tokens captured at each place")
    options.add_argument("--teacher-steps", type=int, default=500)
    options.add_argument("--student-steps", type=int, default=150)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench = prepare(Path(folder), chosen)
        print(
            f"untouched: {heldout_kl(bench, AutoModelForCausalLM.from_pretrained(base_of(bench, 0))):.3f}", flush=True
        )
        for name in METHODS:
            started = time.process_time()
            found = [heldout_kl(bench, train(bench, name, seed, chosen.epochs)) for seed in range(chosen.seeds)]
            seeds = ", ".join(f"{value:.3f}" for value in found)
            print(
                f"{name:<42} {median(found):.3f} nats ({seeds}), {time.process_time() - started:.0f} s CPU", flush=True
            )


def prepare(folder: Path, chosen: argparse.Namespace) -> Bench:
    """The teacher, its answers, and answers held out."""
    tokenizer = build_tokenizer(chosen.vocabulary)
    teacher = pretrain(build_model(tokenizer, *SIZE, seed=0), tokenizer, chosen.teacher_steps, seed=0)
    prompts = [prompt for prompt, _ in mail_turns()]
    asked = [prompts[number % len(prompts)] for number in range(chosen.rows + 2 * HELDOUT)]
    made = answers(teacher, tokenizer, asked, chosen.top, seed=1)
    kept, held = made[:-HELDOUT], made[-HELDOUT:]
    corpus = folder / "kept.parquet"
    columns = {name: [row[name] for row in kept] for name in kept[0]}
    pq.write_table(
        pa.table({k: pa.array(v, TOKENS) if k == "tokens" else pa.array(v) for k, v in columns.items()}), corpus
    )
    heldout = [_encode(row, tokenizer) for row in held]
    tokens = sum(len(row["tokens"]) for row in kept)
    mass = math.fsum(math.exp(i["logprob"]) for row in kept for token in row["tokens"] for i in token["top"]) / tokens
    print(f"{len(kept):,} rows, {tokens:,} answer tokens, mass of the top {chosen.top}: {mass:.2f}", flush=True)
    return Bench(tokenizer, teacher, corpus, heldout, folder, chosen.student_steps)


def _encode(row: dict[str, Any], tokenizer: Any) -> dict[str, list[int]]:
    from students.corpus.data import TrainingRow

    return encode_row(TrainingRow(row["prompt"], row["completion"], row["prompt_id"]), tokenizer)


if __name__ == "__main__":
    main()
