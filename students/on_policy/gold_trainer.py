"""TRL's GOLD trainer, with a teacher that reads its own chat template and answers that end for both.

Shapes: B rows, T tokens.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor
from trl.experimental.gold import GOLDTrainer
from trl.trainer.utils import RepeatSampler

from prompts.messages import MessageDict
from students.corpus.encode import IGNORED
from students.quiet import Unreported


class GoldTrainer(Unreported, GOLDTrainer):  # type: ignore[misc]  # trl is untyped
    """GOLDTrainer whose teacher is asked as it was trained to be, and whose training can be gone on from.

    TRL's own gives the teacher the student's chat template as text, with the student's end of turn in the answer, and
    draws the order of each epoch from a generator that no checkpoint holds.
    """

    loss_is_scaled_for_ga = False
    """The loss is the mean over a batch's rows, so that transformers must divide it by the batches of a step."""

    def __init__(self, *, teacher_prompts: dict[str, str], **options: Any) -> None:
        super().__init__(**options)
        self.teacher_prompts = teacher_prompts
        pair_ends(self.uld_loss_fn, self.teacher_tokenizer.eos_token_id, self.processing_class.eos_token_id)

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """GOLD's loss, a mean over rows."""
        if model.training:
            tokens = self.accelerator.gather(inputs["attention_mask"].sum().to(torch.int64))
            self.state.num_input_tokens_seen += tokens.sum().item()
        return super().compute_loss(model, self.for_teacher(inputs), return_outputs, num_items_in_batch)

    def for_teacher(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """The batch with the teacher's rendering of each prompt, and answers without the student's end of turn.

        The end itself stands after the answer's last byte and has no width, as GOLD places the teacher's.
        """
        end = self.processing_class.eos_token
        texts = [text.split(end)[0] for text in inputs["original_completion_text"]]
        labels_BT, offsets_BT2 = end_answers(
            inputs["labels"], inputs["byte_offsets"], self.processing_class.eos_token_id, texts
        )
        prompts = [self.teacher_prompts[text] for text in inputs["original_prompt_text"]]
        changed = {"original_prompt_text": prompts, "original_completion_text": texts}
        return inputs | changed | {"labels": labels_BT, "byte_offsets": offsets_BT2}

    def _track_num_input_tokens(self, inputs: dict[str, Any]) -> None:
        """Counted in compute_loss: what arrives here is a whole step's rows for each of its batches."""

    def _get_train_sampler(self, dataset: Any = None) -> RepeatSampler:
        if dataset is None:
            dataset = self.train_dataset
        return RepeatSampler(
            data_source=dataset,
            mini_repeat_count=1,
            batch_size=self.args.generation_batch_size * self.accelerator.num_processes,
            repeat_count=self.args.gradient_accumulation_steps,
            shuffle=False,  # students.corpus.order has shuffled them
        )


def end_answers(labels_BT: Tensor, offsets_BT2: Tensor, end: int, texts: list[str]) -> tuple[Tensor, Tensor]:
    """Labels up to the first end of turn, and byte offsets with that end after the text's last byte, without width."""
    labels_BT, offsets_BT2 = labels_BT.clone(), offsets_BT2.clone()
    is_end_BT = labels_BT == end
    after_BT = is_end_BT.cumsum(dim=1) - is_end_BT.long() > 0
    labels_BT[after_BT] = IGNORED
    for row, text in enumerate(texts):
        offsets_BT2[row, is_end_BT[row]] = len(text.encode())
    return labels_BT, offsets_BT2


def pair_ends(loss: Any, teacher_end: int, student_end: int) -> None:
    """Makes GOLD's loss compare the two ends of turn with each other, whatever they are called."""
    paired = {teacher: student for teacher, student in loss._vocab_mapping.items() if student != student_end}
    loss._vocab_mapping = paired | {teacher_end: student_end}
    # All that GOLD has worked out of the mapping when it was made.
    loss._teacher_matched_ids = set(loss._vocab_mapping)
    loss._student_matched_ids = set(loss._vocab_mapping.values())
    mapping = torch.full((max(loss._vocab_mapping) + 1,), -1, dtype=torch.long)
    mapping[list(loss._vocab_mapping)] = torch.tensor(list(loss._vocab_mapping.values()))
    loss.mapping_tensor = mapping.to(loss.mapping_tensor.device)


def teacher_prompts(prompts: Iterable[list[MessageDict]], student: Any, teacher: Any) -> dict[str, str]:
    """The teacher's rendering of each prompt by the student's, as its template writes it and as its ids read back."""
    renderings: dict[str, str] = {}
    for prompt in prompts:
        text = student.apply_chat_template(prompt, add_generation_prompt=True, tokenize=False)
        ids = student(text, add_special_tokens=False)["input_ids"]
        read_back = student.decode(ids, skip_special_tokens=False, clean_up_tokenization_spaces=False)
        asked = teacher.apply_chat_template(prompt, add_generation_prompt=True, tokenize=False)
        # GOLD hands a prompt over as text, which may have been through its ids or not.
        renderings[text] = renderings[read_back] = _once_begun(asked, teacher)
    return renderings


def _once_begun(text: str, tokenizer: Any) -> str:
    # GOLD encodes with special tokens; a template that writes the first itself would have it twice.
    if tokenizer.bos_token is None or tokenizer("")["input_ids"][:1] != [tokenizer.bos_token_id]:
        return text
    return text.removeprefix(tokenizer.bos_token)
