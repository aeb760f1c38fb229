"""Refusals and boilerplate: replies in which the teacher speaks of itself instead of answering.

Every pattern is anchored to how a reply begins: a mail, a story or a dialogue that has such words in it, or begins by
quoting them, is an answer. English only; a teacher that refuses in other words needs a `format` regex or a judge.
"""

from __future__ import annotations

import re

from prompts.text import normalise

BEGINNING = 600
"""Characters of a reply that are read: a refusal's first two sentences."""

_LEAD = r"""[_# ]*(?:[^"“”«»:>]{0,160}?[.!?]\s+)?(?:however,?\s+|but\s+|and\s+)?"""
"""What may come first: a short sentence without a quotation mark or a colon, behind which words are someone else's."""

_AI = (
    r"(?:an? )?(?:large |artificial |virtual |text-based |digital )*(?:ai|artificial intelligence|language model"
    r"|llm|chatbot)"
    r"(?: language)?(?: model| assistant| system| chatbot| program)?(?: (?:trained|developed|created|made|built"
    r"|designed)[^.,]{0,40})?"
)
_SELF = (
    rf"as {_AI},? (?:i|my)\b"
    rf"|i(?:'m| am) (?:just |only |merely )?{_AI}(?:$|\s*[,.;!–—]| (?:and|so|but|that|without|not)\b)"
)
_LIMITS = (
    r"my (?:knowledge|training)(?: data)? (?:cut-?off|only (?:goes|extends))"
    r"|as of my (?:last|latest|most recent) (?:knowledge |training )?(?:update|cut-?off)"
    r"|i (?:do not|don't) have (?:personal (?:opinions|feelings|beliefs|experiences)"
    r"|(?:the ability|access) to (?:real-time|the internet|browse|external|current))"
)

_SORRY = (
    r"(?:(?:i'm|i am|we're|we are) (?:so |very |really |truly |deeply )?(?:sorry|afraid)|sorry|(?:my "
    r"|our )?(?:sincere )?apologies"
    r"|i (?:must )?apologi[sz]e|unfortunately|regrettably)(?: for (?:the|any) (?:inconvenience|confusion))?"
    rf"\s*[,.;:!–—-]*\s*(?:but |however,? |that |as {_AI}, )*"
)
_CANNOT = (
    r"(?:i|we)(?: simply| just| really| also)*(?: (?:cannot|can not|can't)(?: and (?:will not|won't))?| could not"
    r"| couldn't"
    r"|(?: will not| won't)(?: be able to)?| refuse to| (?:must|have to) decline(?: to)?"
    r"|(?: am|'m| are|'re) (?:not able|unable|not allowed|not permitted|not comfortable|not programmed"
    r"|not in a position)(?: to)?"
    r"| (?:do not|don't) (?:feel comfortable|have the (?:ability|capability|capacity))(?: to)?) (?:[a-z]+ly )?"
)
_VERB = (
    r"(?:fulfil|fulfill|answer|complete|process|respond to|carry out|accommodate|discuss|support|comply with"
    r"|provide|generate|create"
    r"|write|produce|reproduce|share|give|offer|promote|engage in|participate in|assist with|help with|do)"
    r"|(?:discuss|answer|provid|generat|creat|writ|produc|reproduc|shar|giv|offer|promot|engag|participat|help"
    r"|assist)ing(?: in| with)?"
)
_OBJECT = (
    r"(?:requests?|questions?|prompt|topics?|tasks?|content|material|information|instructions|guidance|advice|opinions?"
    r"|discussions?|behaviou?r|activit(?:y|ies)|conversations?)\b"
)
_REFUSED = (
    r"(?:(?:assist|help|engage|comply|continue|proceed|participate)(?: you)?"
    r"(?: (?:with|in) (?:that|this|it|creating|writing|making|generating|producing)\b| (?:with|in) (?:any|your|the"
    r"|such|these|those) "
    rf"(?:[a-z]+ )?{_OBJECT}|\s*[.!]|$)"
    rf"|(?:{_VERB}) (?:you (?:with )?)?(?:(?:that|this|these|your|the|such|any|a|an) )?(?:(?:specific|particular"
    rf"|kind of|type of|sort of) )?"
    rf"(?:[a-z-]+,? (?:or |and )?){{0,3}}{_OBJECT}|do (?:that|this)\s*[.!]|browse the (?:web|internet)"
    r"|(?:view|see|open|access|process) (?:images?|files?|links?|urls?|websites?)\b)"
)

_REFUSAL = re.compile(
    rf"{_LEAD}(?:{_SORRY})?(?:{_CANNOT}(?:{_REFUSED})|(?:{_SELF})[^.]{{0,80}}\b(?:can't|cannot|can not|unable"
    rf"|not able|won't)\b)"
)
_BOILERPLATE = re.compile(rf"{_LEAD}(?:{_SORRY})?(?:{_SELF}|{_LIMITS})")


def kind_of_refusal(text: str) -> str | None:
    """Names how a reply begins: as a `refusal`, as `boilerplate` about the teacher, or None as an answer."""
    beginning = normalise(text[:BEGINNING].replace("*", "")).replace("’", "'")
    if _REFUSAL.match(beginning):
        return "refusal"
    if _BOILERPLATE.match(beginning):
        return "boilerplate"
    return None
