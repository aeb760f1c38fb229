"""A server that draws its faults: each family with its own chance, decided by the prompt's nonce and the attempt."""

from __future__ import annotations

import hashlib
import re
import threading
from collections import Counter
from dataclasses import dataclass, field

from tests.servers.catalog import Fault, answer_well, faults_of
from tests.servers.faults import Answer, Seen
from tests.servers.wires import Wire

NONCE = re.compile(r"nonce-\d+")


def nonce_in(text: str) -> str:
    """The nonce of a prompt, or of an answer that echoes it; "" where there is none."""
    found = NONCE.search(text)
    return found.group() if found else ""


@dataclass
class Chaos:
    """The responder. The same nonce and attempt get the same fault on every machine."""

    wire: Wire
    chance: float = 0.10
    drawn: dict[str, list[Fault | None]] = field(default_factory=dict)
    """Per nonce, what each of its attempts met, in order; None: nothing."""

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._families: dict[str, list[Fault]] = {}
        for fault in faults_of(self.wire):
            self._families.setdefault(fault.family, []).append(fault)

    def __call__(self, seen: Seen) -> Answer:
        nonce = nonce_in(seen.turn)
        with self._lock:
            attempts = self.drawn.setdefault(nonce, [])
            fault = self.draw(nonce, len(attempts))
            attempts.append(fault)
        text = f"spam {nonce}"
        return answer_well(self.wire, text) if fault is None else fault.answer(self.wire, text)

    def draw(self, nonce: str, attempt: int) -> Fault | None:
        """The fault of an attempt. Where several families strike, one of them is taken."""
        hits = [name for name in self._families if _chance(nonce, attempt, name) < self.chance]
        if not hits:
            return None
        forms = self._families[hits[_choice(len(hits), nonce, attempt, "which")]]
        return forms[_choice(len(forms), nonce, attempt, "form")]

    @property
    def met(self) -> Counter[str]:
        """How often each fault was met."""
        return Counter(fault.name for faults in self.drawn.values() for fault in faults if fault is not None)


def _chance(*parts: object) -> float:
    seed = "/".join(map(str, parts)).encode()
    return int.from_bytes(hashlib.sha256(seed).digest()[:6], "big") / 2**48


def _choice(count: int, *parts: object) -> int:
    return int(_chance(*parts) * count)
