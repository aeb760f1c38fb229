"""The memory that a training needs at its peak, from the sizes of its base; and what would fit where it does not.

P parameters, of which N are trained; a batch of B rows of T tokens, of which K columns are projected into V tokens.
Every row is taken to be of max_length tokens. tests/students/memory/test_estimate.py (slow) measures six trainings of
SmolLM2-135M with such rows on a CPU; docs/students.md has what it found.

    weights       4 P: float32 masters, on a GPU too; half a byte and its scales for a linear map of `bits: 4`;
                  2 P more of the linear maps in bfloat16: autocast's copies, which the backward pass reads
    gradients     4 N
    moments       8 N: AdamW's two
    activations   what the backward pass reads: of every layer, or of one and each one's input where it computes again
    logits        the logits, their log-softmax and its gradient: float32, B K V each
"""

from __future__ import annotations

from dataclasses import dataclass

from students.base.architecture import Architecture
from students.base.layers import kept_layers
from students.config import Lora, StudentConfig
from students.memory.device import Device, Settings, choose_settings

FLOAT32, BFLOAT16 = 4, 2
NF4 = 0.53
"""Bytes a weight: half a byte, and its block's scale, itself quantised (arXiv:2305.14314, section 3)."""
LIBRARIES_BYTES = {"cpu": 700e6, "cuda": 1.2e9}
"""torch and transformers loaded, before any weights; a GPU's context and its library's workspaces."""
HOLES = 1.5
"""A CPU's heap over the activations with adapters: their temporaries are freed between tensors that stay. SmolLM2-135M,
4 rows of 256 tokens: autograd keeps 42 kB a token and layer (saved_tensors_hooks), the heap grew by 74 in one pass."""
CHUNK = 2**26
"""Logits that TRL's fused head holds at once on a GPU, about."""
USABLE = 0.9
"""The share of the memory that a training may take: the rest is for others and for what fragments."""


@dataclass(slots=True, frozen=True)
class Memory:
    """Bytes at the peak, by what holds them."""

    weights: float
    gradients: float
    moments: float
    activations: float
    logits: float
    libraries: float

    @property
    def total(self) -> float:
        """All of it."""
        return self.weights + self.gradients + self.moments + self.activations + self.logits + self.libraries


@dataclass(slots=True, frozen=True)
class Need:
    """A training on a device: how it is set, what it needs, and whether the device has that."""

    device: Device
    settings: Settings
    memory: Memory

    @property
    def fits(self) -> bool:
        """It stays within the usable share of the device's memory."""
        return self.memory.total <= USABLE * self.device.memory_bytes


def needed(config: StudentConfig, base: Architecture, device: Device, answer_tokens: int | None = None) -> Need:
    """Estimates a training, activations computed again only where the device has too little memory without.

    `answer_tokens` is the longest answer; None where it may be all of a row.
    """
    plain = _need(config, base, device, answer_tokens, checkpointing=False)
    if plain.fits:
        return plain
    return _need(config, base, device, answer_tokens, checkpointing=True)


def _need(
    config: StudentConfig, base: Architecture, device: Device, answer_tokens: int | None, *, checkpointing: bool
) -> Need:
    settings = choose_settings(config, device, checkpointing=checkpointing)
    return Need(device, settings, estimate(config, base, settings, device.kind, answer_tokens))


def estimate(
    config: StudentConfig, base: Architecture, settings: Settings, kind: str, answer_tokens: int | None = None
) -> Memory:
    """The module's formulas."""
    layers = layers_after(config, base)
    inside = layers * base.layer_parameters
    whole = inside + base.parameters - base.layers * base.layer_parameters
    quantised = config.lora is not None and config.lora.bits is not None
    trained, adapters = whole, 0
    if config.lora is not None:
        trained = adapters = layers * adapter_parameters(config.lora, base)
    weights: float = FLOAT32 * (whole - inside + adapters)
    if quantised:
        weights += NF4 * inside
    else:
        weights += FLOAT32 * inside + BFLOAT16 * _copied_weights(config, settings, inside, layers)
    tokens = config.batch_size * config.max_length
    return Memory(
        weights=weights,
        gradients=FLOAT32 * trained,
        moments=2 * FLOAT32 * trained,
        activations=tokens * token_activations(base, layers, settings, config.lora, kind),
        logits=3.0 * FLOAT32 * _logits_at_once(config, base, kind, answer_tokens),
        libraries=LIBRARIES_BYTES[kind],
    )


def _copied_weights(config: StudentConfig, settings: Settings, inside: int, layers: int) -> int:
    """The weights of which autocast holds a copy in bfloat16."""
    if not settings.bf16:
        return 0
    if settings.activation_checkpointing and config.lora is not None:
        return inside // layers  # frozen ones are copied for each use, and here only one layer is in use
    return inside


def _logits_at_once(config: StudentConfig, base: Architecture, kind: str, answer_tokens: int | None) -> int:
    columns = config.max_length
    if answer_tokens:
        # Columns that hold a label in any row: at most all rows' answers side by side.
        columns = min(columns, config.batch_size * answer_tokens)
    logits = config.batch_size * columns * base.vocabulary
    if kind == "cuda":
        return min(logits, CHUNK)
    return logits


def layers_after(config: StudentConfig, base: Architecture) -> int:
    """Decoder layers after `shrink`."""
    shrink = config.shrink
    if shrink is None:
        return base.layers
    if shrink.layers is not None:
        return len(shrink.layers)
    if shrink.every is not None:
        return len(kept_layers(base.layers, shrink.every))
    return min(shrink.keep or base.layers, base.layers)


def adapter_parameters(lora: Lora, base: Architecture) -> int:
    """Of one layer: rank x (inputs + outputs) of its seven linear maps."""
    h, i, a, g = base.hidden, base.intermediate, base.attention, base.key_value
    return lora.rank * (2 * (h + a) + 2 * (h + g) + 3 * (h + i))


def token_activations(
    base: Architecture, layers: int, settings: Settings, lora: Lora | None = None, kind: str = "cuda"
) -> float:
    """Bytes a token that the forward pass leaves for the backward one.

    A layer of llama's kind saves its two norms' inputs, in float32, with their scaled copies and results; queries,
    keys and values; attention's result and its transposed copy; and four of the MLP's width: gate, its SiLU, up, their
    product. Adapters save `rank` numbers of each of the seven linear maps.
    """
    size = BFLOAT16 if settings.bf16 else FLOAT32
    layer: float = 4 * FLOAT32 * base.hidden + size * (
        2 * base.hidden + 3 * base.attention + 2 * base.key_value + 4 * base.intermediate
    )
    if lora is not None:
        layer += size * 7 * lora.rank
        if kind == "cpu":
            layer *= HOLES
        if lora.dropout:
            layer += _dropout(base, settings)
    if not settings.activation_checkpointing:
        return layers * layer
    return layers * FLOAT32 * base.hidden + 2 * layer


def _dropout(base: Architecture, settings: Settings) -> float:
    """Bytes a token that an adapted layer's dropout keeps: a mask for the input of each of the seven linear maps.

    In float32 also the dropped inputs, less those that nothing else reads any more.
    """
    inputs = 5 * base.hidden + base.attention + base.intermediate
    if settings.bf16:
        return FLOAT32 * inputs
    dropped = inputs - 2 * base.hidden - base.intermediate
    return FLOAT32 * (inputs + dropped)


def would_fit(config: StudentConfig, base: Architecture, device: Device, answer_tokens: int | None = None) -> list[str]:
    """Names settings of a recipe that this device has the memory for, each alone, then the smallest together."""
    fitting = []
    for words, changed in _smaller(config):
        need = needed(changed, base, device, answer_tokens)
        if need.fits:
            fitting.append(f"{words} ({need.memory.total / 1e9:.3g} GB)")
    return fitting


def _smaller(config: StudentConfig) -> list[tuple[str, StudentConfig]]:
    """Recipes that need less, with what is to be set."""
    changes: list[tuple[str, dict[str, object]]] = []
    if config.batch_size > 1:
        rows = config.batch_size * config.accumulation
        # As many rows a step as before, so that the student stays the same.
        size = next(size for size in range(config.batch_size // 2, 0, -1) if rows % size == 0)
        changes.append(_batch(size, rows))
        if size > 1:
            changes.append(_batch(1, rows))
    if config.lora is None:
        changes.append(("lora: {}", {"lora": Lora()}))
    if config.lora is None or config.lora.bits is None:
        quantised = (config.lora or Lora()).model_copy(update={"bits": 4})
        changes.append(("lora: {bits: 4}", {"lora": quantised}))
        if config.batch_size > 1:
            words, fields = _batch(1, config.batch_size * config.accumulation)
            changes.append((f"lora: {{bits: 4}}, {words}", fields | {"lora": quantised}))
    return [(words, config.model_copy(update=fields)) for words, fields in changes]


def _batch(size: int, rows: int) -> tuple[str, dict[str, object]]:
    return f"batch_size: {size}, accumulation: {rows // size}", {"batch_size": size, "accumulation": rows // size}
