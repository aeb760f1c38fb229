"""Keys that open something, by the formats their issuers gave them.

The formats are the issuers' own prefixes and lengths; a password without a format is not found.
"""

from __future__ import annotations

import re

_FORMATS = (
    r"(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])",  # AWS, the id
    r"sk-ant-[A-Za-z0-9_-]{20,}",  # Anthropic
    r"sk-(?:proj|svcacct|admin|or-v1)-[A-Za-z0-9_-]{20,}",  # OpenAI, OpenRouter
    r"sk-[A-Za-z0-9]{32,}",  # OpenAI before 2024, and servers that copy it
    r"gh[opsur]_[A-Za-z0-9]{36,}",  # GitHub
    r"github_pat_[A-Za-z0-9_]{22,}",
    r"xox[abeoprs]-[A-Za-z0-9-]{10,}",  # Slack
    r"xapp-[0-9]-[A-Za-z0-9-]{10,}",
    r"https://hooks\.slack\.com/services/[A-Za-z0-9_/]{20,}",
    r"AIza[A-Za-z0-9_-]{35}",  # Google
    r"GOCSPX-[A-Za-z0-9_-]{28}",
    r"[rs]k_(?:live|test)_[A-Za-z0-9]{16,}",  # Stripe
    r"whsec_[A-Za-z0-9+/=]{24,}",
    r"hf_[A-Za-z0-9]{34}(?![A-Za-z0-9])",  # Hugging Face
    r"eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}",  # JWT
)

_PEM = (
    r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
    r".*?(?:-----END [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----|\Z)"  # one that is cut short is a key too
)

_BEHIND_ITS_NAME = r"(?i:(?<=secret_access_key=)|(?<=secret_access_key = )|(?<=secretaccesskey\": \"))[A-Za-z0-9/+]{40}"

KEY = re.compile(rf"(?s)(?<![A-Za-z0-9])(?:{'|'.join(_FORMATS)})|{_PEM}|{_BEHIND_ITS_NAME}")
"""Matches a key whole. The AWS secret has no prefix: it is found behind its name."""

_SIGNS = (
    "sk-",
    "AKIA",
    "ASIA",
    "_",
    "xox",
    "xapp-",
    "AIza",
    "GOCSPX-",
    "eyJ",
    "hooks.",
    "PRIVATE KEY",
    '": "',  # behind the AWS secret's name without underscores, in any case
)


def may_hold_key(text: str) -> bool:
    """Says whether a text has any of the formats' fixed parts: most have none, and need no search."""
    return any(sign in text for sign in _SIGNS)
