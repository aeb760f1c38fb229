"""The step pii: recall on planted identifiers, false positives on planted look-alikes and on mails, speed.

    python -m benchmarks.curate_pii

Identifiers and look-alikes are made from a seed and planted into the quickstart's mails, one a text, in the middle of
its words. What the untouched mails hold by themselves has no truth: it is printed to be read.
"""

from __future__ import annotations

import json
import random
import re
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from pipeline.curate.masks import IBAN_CHARS, Mask
from pipeline.curate.steps.pii import Pii

MAILS = Path(__file__).parents[1] / "data/spam_assassin.jsonl"
EACH = 1000
ALNUM = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz0123456789"

Make = Callable[[random.Random], str]


def digits(rng: random.Random, count: int) -> str:
    return "".join(rng.choice("0123456789") for _ in range(count))


def letters(rng: random.Random, count: int, of: str = ALNUM) -> str:
    return "".join(rng.choice(of) for _ in range(count))


def card(rng: random.Random) -> str:
    body = rng.choice(["4", "51", "55"]) + digits(rng, 16)
    body = body[:15]
    sums = [int(d) if i % 2 else sum(divmod(2 * int(d), 10)) for i, d in enumerate(body)]
    number = body + str(-sum(sums) % 10)
    return rng.choice([number, " ".join(re.findall("....", number)), "-".join(re.findall("....", number))])


def iban(rng: random.Random) -> str:
    country = rng.choice(sorted(IBAN_CHARS))
    body = digits(rng, IBAN_CHARS[country] - 4)
    check = 98 - int("".join(str(int(c, 36)) for c in f"{body}{country}00")) % 97
    whole = f"{country}{check:02}{body}"
    return rng.choice([whole, " ".join(whole[i : i + 4] for i in range(0, len(whole), 4))])


def email(rng: random.Random) -> str:
    name = letters(rng, rng.randint(1, 12), "abcdefghijklmnop") + rng.choice(["", ".x", "+tag", "_9"])
    return f"{name}@{letters(rng, 6, 'abcdefgh')}.{rng.choice(['com', 'co.uk', 'de', 'museum', 'io'])}"


def phone(rng: random.Random) -> str:
    area, middle = f"{rng.randint(2, 9)}{digits(rng, 2)}", f"{rng.randint(2, 9)}{digits(rng, 2)}"
    tail = digits(rng, 4)
    shapes = [f"({area}) {middle}-{tail}", f"{area}-{middle}-{tail}", f"+1 {area} {middle} {tail}"]
    abroad = [f"+49 {rng.randint(30, 999)} {digits(rng, 7)}", f"+44 20 {digits(rng, 4)} {digits(rng, 4)}"]
    return rng.choice([*shapes, f"{area}.{middle}.{tail}", *abroad, f"+33{rng.randint(1, 9)}{digits(rng, 8)}"])


def key(rng: random.Random) -> str:
    shapes = [
        "AKIA" + letters(rng, 16, "ABCDEFGHIJKLMNOP234567"),
        "sk-" + letters(rng, 48),
        "sk-proj-" + letters(rng, 60),
        "sk-ant-api03-" + letters(rng, 93),
        "ghp_" + letters(rng, 36),
        "xoxb-" + digits(rng, 12) + "-" + letters(rng, 24),
        "AIza" + letters(rng, 35),
        "sk_live_" + letters(rng, 24),
        f"eyJ{letters(rng, 20)}.eyJ{letters(rng, 40)}.{letters(rng, 43)}",
        f"-----BEGIN RSA PRIVATE KEY-----\n{letters(rng, 64)}\n-----END RSA PRIVATE KEY-----",
    ]
    return rng.choice(shapes)


def address(rng: random.Random) -> str:
    four = ".".join(str(rng.randint(1, 254)) for _ in range(4))
    return four if rng.random() < 0.7 else ":".join(f"{rng.randint(1, 65535):x}" for _ in range(8))


def ssn(rng: random.Random) -> str:
    return f"{rng.randint(100, 665)}-{rng.randint(1, 99):02}-{rng.randint(1, 9999):04}"


PLANTED: dict[str, Make] = {
    "email": email,
    "phone": phone,
    "iban": iban,
    "card": card,
    "ip": address,
    "ssn": ssn,
    "key": key,
}

LOOK_ALIKES: dict[str, Make] = {
    "date and time": lambda rng: (
        f"20{digits(rng, 2)}-0{rng.randint(1, 9)}-1{rng.randint(0, 9)} 12:3{digits(rng, 1)}:05"
    ),
    "price": lambda rng: f"${rng.randint(1, 999)},{digits(rng, 3)},{digits(rng, 3)}.{digits(rng, 2)}",
    "version": lambda rng: f"v{rng.randint(0, 9)}.{rng.randint(0, 99)}.{rng.randint(0, 99)}",
    "order of 16 digits": lambda rng: digits(rng, 16),
    "order of 10 digits": lambda rng: digits(rng, 10),
    "sha256": lambda rng: letters(rng, 64, "0123456789abcdef"),
    "uuid": lambda rng: "-".join(letters(rng, n, "0123456789abcdef") for n in (8, 4, 4, 4, 12)),
    "isbn": lambda rng: f"978-3-{digits(rng, 2)}-{digits(rng, 6)}-{digits(rng, 1)}",
    "years, pages": lambda rng: f"1999-20{digits(rng, 2)}, pp. {digits(rng, 3)}-{digits(rng, 3)}",
    "handle": lambda rng: f"@{letters(rng, 8, 'abcdef')} user@localhost",
}


def main() -> None:
    rng = random.Random(0)
    mails = [json.loads(line) for line in MAILS.read_text(encoding="utf-8").splitlines()]
    texts = [f"{mail['subject']}\n{mail['body']}" for mail in mails]
    print(f"{len(texts)} mails, {EACH} plantings a kind\n\nplanted identifier   gone whole   right kind")
    for kind, make in PLANTED.items():
        gone = right = 0
        for _ in range(EACH):
            value = make(rng)
            masked = Mask(Pii().kinds).apply(plant(rng, rng.choice(texts), value))
            gone += not set(re.findall(r"[^\W_]{4,}", value)) & set(re.findall(r"[^\W_]{4,}", between(masked)))
            right += f"\x01 <{kind.upper()}" in masked
        print(f"{kind:<18}{gone / EACH:>12.4f}{right / EACH:>12.4f}")
    print("\nlook-alike            masked")
    for name, make in LOOK_ALIKES.items():
        wrong = sum(
            f"\x01 {value} \x02" not in Mask(Pii().kinds).apply(f"\x01 {value} \x02") for value in many(rng, make)
        )
        print(f"{name:<20}{wrong / EACH:>8.4f}")
    found: Counter[str] = Counter()
    for text in texts:
        mask = Mask(Pii().kinds)
        mask.apply(text)
        found.update(mask.kinds_found)
    print(f"\nthe mails as they are: {dict(found)}")
    corpus = texts * 20
    began = time.process_time()
    for text in corpus:
        Mask(Pii().kinds).apply(text)
    took = time.process_time() - began
    size = sum(len(text.encode()) for text in corpus)
    began = time.process_time()
    for text in corpus:
        len(text.split())
    print(f"{size / took / 1e6:.1f} MB/s of CPU, {took / (time.process_time() - began):.0f} x str.split")


def between(masked: str) -> str:
    """What stands where the value was planted."""
    return masked[masked.index("\x01") + 1 : masked.index("\x02")]


def many(rng: random.Random, make: Make) -> list[str]:
    return [make(rng) for _ in range(EACH)]


def plant(rng: random.Random, text: str, value: str) -> str:
    """The value among the text's words, after a mark that no mail has."""
    words = text.split()
    at = rng.randint(0, len(words))
    return " ".join([*words[:at], "\x01", value, "\x02", *words[at:]])


if __name__ == "__main__":
    main()
