"""Personal identifiers and keys in texts: found, and masked where they stand.

A pattern finds what may be an identifier, a check (Luhn, ISO 7064 mod 97, the length of a phone number) whether it
is one. Names and addresses have no pattern: `presidio.py` finds those, with a model.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from pipeline.curate.secrets import KEY, may_hold_key

Names = Callable[[str], Sequence[tuple[int, int, str]]]
"""Finds names in a text: where each begins and ends, and its kind; none overlap."""

_EMAIL = re.compile(r"(?<![\w.+%-])[\w.+%-]{1,64}@(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24}(?![\w-])")
_IPV4 = r"(?<![\w.])(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?![\w]|\.[0-9])"
_IPV6 = r"(?<![\w:.])(?=[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:]*[0-9A-Fa-f])[0-9A-Fa-f:]{3,39}(?![\w:])"
_IP = re.compile(f"{_IPV4}|{_IPV6}")
_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}[0-9]{2}(?:[ -]?[A-Z0-9]){11,30}(?![A-Za-z0-9])")
_CARD = re.compile(r"(?<![\w.,/-])[0-9](?:[ -]?[0-9]){12,18}(?![\w]|[.,/-][0-9])")
_SSN = re.compile(r"(?<![\w-])(?!000|666|9)[0-9]{3}([- ])(?!00)[0-9]{2}\1(?!0000)[0-9]{4}(?![\w-])")
_PHONE = re.compile(
    r"(?<![\w+])\+[1-9](?:[ ./-]?\(?[0-9]\)?){7,16}(?![\w])"  # international
    r"|(?<![\w.+/-])(?:1[ .-])?(?:\([2-9][0-9]{2}\) ?|[2-9][0-9]{2}[ .-])[2-9][0-9]{2}[ .-][0-9]{4}(?![\w]|[.-][0-9])"
)

_CARD_NUMBER = re.compile(
    r"4[0-9]{12}(?:[0-9]{3}){0,2}|5[1-5][0-9]{14}|2(?:22[1-9]|2[3-9][0-9]|[3-6][0-9]{2}|7[01][0-9]|720)[0-9]{12}"
    r"|3[47][0-9]{13}|3(?:0[0-5]|[68][0-9])[0-9]{11}|35(?:2[89]|[3-8][0-9])[0-9]{12}"
    r"|6(?:011|4[4-9][0-9]|5[0-9]{2}|2[0-9]{2})[0-9]{12,15}"
)
"""Visa, Mastercard, American Express, Diners, JCB, Discover, UnionPay, with their lengths; other digits are no card."""

_IBAN_REGISTRY = (
    "AD:24 AE:23 AL:28 AT:20 AZ:28 BA:20 BE:16 BG:22 BH:22 BR:29 BY:28 CH:21 CR:22 CY:28 CZ:24 DE:22 DK:18 DO:28 "
    "EE:20 EG:29 ES:24 FI:18 FO:18 FR:27 GB:22 GE:22 GI:23 GL:18 GR:27 GT:28 HR:21 HU:28 IE:22 IL:23 IQ:23 IS:26 "
    "IT:27 JO:30 KW:30 KZ:20 LB:28 LC:32 LI:21 LT:20 LU:20 LV:21 LY:25 MC:27 MD:24 ME:22 MK:19 MR:27 MT:31 MU:30 "
    "NL:18 NO:15 PK:24 PL:28 PS:29 PT:25 QA:29 RO:24 RS:22 SA:24 SC:31 SD:18 SE:24 SI:19 SK:24 SM:27 ST:25 SV:28 "
    "TL:23 TN:24 TR:26 UA:29 VA:22 VG:24 XK:20"
)

IBAN_CHARS = {entry[:2]: int(entry[3:]) for entry in _IBAN_REGISTRY.split()}
"""Characters of an IBAN by country: the registry of SWIFT."""


@dataclass(slots=True)
class Mask:
    """The placeholders of one sample: the first e-mail address is <EMAIL>, another one <EMAIL_2>."""

    kinds: Sequence[str]
    names: Names | None = None
    kinds_found: list[str] = field(default_factory=list)
    """The kind of every identifier, in the order of finding."""
    _values: dict[tuple[str, str], str] = field(default_factory=dict)
    _taken: set[str] = field(default_factory=set)

    def reserve(self, texts: Sequence[str]) -> None:
        """Keeps the placeholders that the texts have already: they stand for something else."""
        for text in texts:
            self._taken.update(re.findall(r"<[A-Z]+(?:_[0-9]+)?>", text))

    def apply(self, text: str) -> str:
        """Returns the text with a placeholder for each identifier. Applied again it changes nothing."""
        while True:
            masked = text
            for kind, pattern in PATTERNS.items():
                if kind in self.kinds and HINTS[kind](masked):
                    masked = pattern.sub(partial(self._placed, kind), masked)
            if masked == text:
                break
            text = masked  # what stood beside an identifier may be one itself, now that it stands alone
        if self.names is None:
            return text
        return self._without_names(text, self.names)

    def _placed(self, kind: str, match: re.Match[str]) -> str:
        length = CHECKS[kind](match[0])
        if not length:
            return match[0]
        return self._placeholder(kind, match[0][:length]) + match[0][length:]

    def _without_names(self, text: str, names: Names) -> str:
        parts, at = [], 0
        for start, end, kind in sorted(names(text)):
            around = text[max(0, start - 1) : end + 1]
            if "<" in around or ">" in around:
                continue  # a model may take a placeholder for a name
            parts += [text[at:start], self._placeholder(kind, text[start:end])]
            at = end
        return "".join([*parts, text[at:]])

    def _placeholder(self, kind: str, value: str) -> str:
        self.kinds_found.append(kind)
        if kind != "key":  # keys differ in every character; the others are written in many ways
            value = re.sub(r"[\s().-]", "", value).casefold()
        if (kind, value) not in self._values:
            self._values[kind, value] = self._new(kind.upper())
        return self._values[kind, value]

    def _new(self, name: str) -> str:
        number, placeholder = 1, f"<{name}>"
        while placeholder in self._taken:
            number += 1
            placeholder = f"<{name}_{number}>"
        self._taken.add(placeholder)
        return placeholder


def _whole(value: str) -> int:
    return len(value)


def _card(value: str) -> int:
    digits = re.sub(r"[ -]", "", value)
    if len(set(digits)) == 1:
        return 0  # no issuer gives one digit over and over
    if _CARD_NUMBER.fullmatch(digits) and _luhn(digits):
        return len(value)
    return 0


def _luhn(digits: str) -> bool:
    doubled = [sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2]]
    return (sum(doubled) + sum(int(digit) for digit in digits[-1::-2])) % 10 == 0


def _iban(value: str) -> int:
    """Returns the length of the IBAN that the value begins with: words in capitals may stand behind it."""
    wanted, length = IBAN_CHARS.get(value[:2], 0), 0
    if not wanted:
        return 0
    iban = ""
    for character in value:
        if len(iban) == wanted:
            break
        if character.isalnum():
            iban += character
        length += 1
    if len(iban) < wanted or value[length : length + 1].isalnum():
        return 0
    return length if _mod_97(iban) == 1 else 0


def _mod_97(iban: str) -> int:
    return int("".join(str(int(character, 36)) for character in iban[4:] + iban[:4])) % 97


def _ip(value: str) -> int:
    """Returns zero for what is no address, and for those that are everybody's: loopback and unspecified."""
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        return 0
    return 0 if address.is_loopback or address.is_unspecified else len(value)


def _phone(value: str) -> int:
    return len(value) if 8 <= sum(character.isdigit() for character in value) <= 15 else 0


PATTERNS = {
    "key": KEY,
    "email": _EMAIL,
    "iban": _IBAN,
    "card": _CARD,
    "ssn": _SSN,
    "ip": _IP,
    "phone": _PHONE,
}
"""In the order of the search: a key may hold digits that look like a phone number, never the other way round."""

CHECKS: dict[str, Callable[[str], int]] = {
    "key": _whole,
    "email": _whole,
    "iban": _iban,
    "card": _card,
    "ssn": _whole,
    "ip": _ip,
    "phone": _phone,
}
"""How many of a match's characters are the identifier, 0 for none."""

HINTS: dict[str, Callable[[str], object]] = {
    "key": may_hold_key,
    "email": lambda text: "@" in text,
    "iban": re.compile("[A-Z]{2}[0-9]{2}").search,
    "card": re.compile("[0-9][0-9 -]{11}").search,
    "ssn": re.compile("[0-9][- ][0-9]{2}[- ][0-9]").search,
    "ip": re.compile(r"\.[0-9]{1,3}\.|:[0-9A-Fa-f:]").search,
    "phone": re.compile(r"[0-9][ .-][0-9]{4}|\+[1-9]").search,
}
"""What a text must have to be searched at all: most have none of it, and these are found in a fifth of the time."""
