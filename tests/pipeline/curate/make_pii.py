"""Identifiers, what only looks like one, and a text with the first masked."""

from __future__ import annotations

from pipeline.curate.masks import Mask
from pipeline.curate.steps.pii import Pii

KEYS = [
    "AKIA" + "IOSFODNN7EXAMPLE",
    "sk-proj-" + "a1B2" * 10,
    "sk-" + "x9Y8" * 12,
    "sk-ant-api03-" + "Zz_9-" * 10,
    "ghp_" + "a1B2" * 9,
    "github_pat_" + "11ABCDEFG0" * 4,
    "xoxb-" + "123456789012-abcdefABCDEF",
    "AIza" + "SyA1234567" * 3 + "abcde",
    "sk_live_" + "a1B2" * 6,
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmN",
    "-----BEGIN RSA PRIVATE KEY-----\nMIIB\nOgIB\n-----END RSA PRIVATE KEY-----",
    "-----BEGIN PRIVATE KEY-----\nMIIB, cut short",
]


FOUND = [
    ("ann.o'hara+x@mail.example.co.uk", "ann.o'<EMAIL>"),
    ("<mailto:bob@example.org>", "<mailto:<EMAIL>>"),
    ("+49 171 2345678", "<PHONE>"),
    ("(415) 555-2671", "<PHONE>"),
    ("1-415-555-2671.", "<PHONE>."),
    ("DE89 3704 0044 0532 0130 00 AND MORE", "<IBAN> AND MORE"),
    ("GB82WEST12345698765432", "<IBAN>"),
    ("4111-1111-1111-1111", "<CARD>"),
    ("378282246310005", "<CARD>"),
    ("203.0.113.9:80", "<IP>:80"),
    ("2001:db8::8a2e:370:7334", "<IP>"),
    ("SSN 123-45-6789", "SSN <SSN>"),
]


NOT_FOUND = [
    "user@localhost",
    "version 1.2.3.4.5",
    "300.1.1.1",
    "127.0.0.1 and ::1 and 0.0.0.0",
    "std::vector at 12:30:45",
    "4111 1111 1111 1112",
    "order 1234567812345670",
    "DE89 3704 0044 0532 0130 01",
    "000-12-3456 and 123-00-4567 and 987-65-4321",
    "from 1999-2002, pages 100-200, 1,234,567.89",
    "task-abcdefghijklmnopqrstuvwxyz0123456789",
    "+1 2 3",
    "<EMAIL> <PHONE_2>",
    "",
    "x",
    "😀😀😀",
]


def masked(text: str) -> str:
    return Mask(Pii().kinds).apply(text)
