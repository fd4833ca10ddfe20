"""In a decision record: who asked what a request would get, which nobody sent."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import NamedTuple

from gateway.observe.masking import clean

_text = json.encoder.encode_basestring_ascii


class About(NamedTuple):
    """What a program asked about, in its own words: the types of subject and resource, and the action."""

    subject: str
    action: str
    resource: str


class AskedBy(NamedTuple):
    """Who asked what a request would get, which nobody sent: a program by its name, with its own id of the question.

    `moment` is the time that it asked about (seconds since the epoch), None for the present.
    """

    caller: str
    question: str
    about: About
    moment: float | None = None


def asked_by_text(asked: AskedBy) -> str:
    """The member of the record, as JSON."""
    moment = f',"moment":{asked.moment!r}' if asked.moment is not None else ""
    question = f',"question":{_text(clean(asked.question))}' if asked.question else ""
    return f'"asked_by":{{"caller":{_text(asked.caller)},{_about(asked.about)}{question}{moment}}}'


@lru_cache(maxsize=1_024)
def _about(about: About) -> str:
    return ",".join(f'"{name}":{_text(clean(text))}' for name, text in about._asdict().items())
