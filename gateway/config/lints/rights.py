"""Rights of `rights:` that ACM never sends: mistyped codes, labels in the place of codes, codes that nothing proves."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from difflib import get_close_matches

from gateway.analysis.evidence import Pair
from gateway.analysis.lint import Finding
from gateway.auth.claims import identity_from, parse_right
from gateway.config.lints.codes import described_people
from gateway.config.load import Source
from gateway.plugin import NamedRight


def rights(source: Source, seen: Collection[Pair] = ()) -> Iterator[Finding]:
    """The findings about entries of `rights:`; what was `seen` in records counts as known."""
    listed = catalogue(source)
    sent = set(_sent(source))
    # People are copied from the rules with their mistakes: where there is a catalogue, they prove nothing.
    known = {*(listed or sent), *seen}
    # Codes with spaces are labels, unless two places say otherwise.
    spaced = {*(listed & sent), *seen}
    for key, right in source.config.rights.items():
        at = source.at(("rights", key))
        fault = _never_sent(right) or (_label(right) if (right.right, right.context) not in spaced else None)
        if fault is not None:
            yield Finding(at, "right-never-sent", f"the right {key!r}: {fault}")
        elif (right.right, right.context) not in known:
            yield Finding(at, *_unknown(key, right, known, listed))
    for name, contexts in source.document.catalogue.items():
        for context in contexts or (None,):
            pair = NamedRight("", name, context)
            fault = _never_sent(pair) or (_label(pair) if (name, context) not in spaced else None)
            if fault is not None:
                yield Finding(source.at(("catalogue", name)), "right-never-sent", f"catalogue: {fault}")


def catalogue(source: Source) -> set[Pair]:
    """The rights and contexts that `catalogue:` lists."""
    found: set[Pair] = set()
    for name, contexts in source.document.catalogue.items():
        found.update((name, context) for context in contexts or (None,))
    return found


def right_as_sent(pair: Pair) -> str:
    """A right as ACM sends it, without the organisation."""
    return pair[0] if pair[1] is None else f"{pair[0]}-{pair[1]}"


def nearest(pair: Pair, known: Iterable[Pair]) -> str:
    """The question whether the most similar known right was meant, or nothing."""
    by_text = {right_as_sent(each).casefold(): right_as_sent(each) for each in known}
    near = get_close_matches(right_as_sent(pair).casefold(), sorted(by_text), n=1, cutoff=0.6)
    return f"; did you mean {by_text[near[0]]}?" if near else ""


def _sent(source: Source) -> Iterator[Pair]:
    """The rights of people who are described as ACM describes them."""
    section = source.config.identity
    for _, person in described_people(source):
        if person.acm is not None:
            sent = {"sub": "", **person.acm, "iss": ""}
            held = identity_from(sent, section.claims, section.rights, now=0.0).rights
        else:
            held = tuple(right for element in person.rights for right in parse_right(element))
        yield from ((right.name, right.context) for right in held)


def _unknown(
    key: str, right: NamedRight, known: Collection[Pair], listed: Collection[Pair]
) -> tuple[str, str]:
    pair = (right.right, right.context)
    near = nearest(pair, known)
    if listed or near:
        where = "`catalogue:` doesn't list it" if listed else "nobody in `people:` has it as a claim"
        return (
            "unseen-right",
            f"the right {key!r} asks for {right_as_sent(pair)}, which was never seen: {where}{near}",
        )
    words = (
        f"nothing would show a mistyped code in the right {key!r}, because tests hold it by its name: describe somebody by"
        f" the claims that ACM sends, `people: {{NAME: {{acm: {{..., ovam_rol_3d: ['{right_as_sent(pair)}:CODE']}}}}}}`, or list"
        " all contexts of the right under `catalogue:`"
    )
    return "unproven-right", words


def _never_sent(right: NamedRight) -> str | None:
    """Why no element of a role claim gives this right, whoever holds it; None where one may."""
    for what, text in (("right", right.right), ("context", right.context)):
        if text is None:
            continue
        if text == "":
            return f"its {what} is empty, and ACM sends none that is: leave the key out"
        if ":" in text or "," in text:
            return f"the {what} {text!r} is more than a {what}: in Right-Context:Organisation it is one part, without : and ,"
    if "-" in right.right:
        name, _, context = right.right.partition("-")
        return f"ACM ends a right at its first hyphen: write `right: {name}` and `context: {context}`"
    if right.context is not None and right.context.startswith(f"{right.right}-"):
        return f"the context begins with the right: write `context: {right.context.partition('-')[2]}`"
    return None


def _label(right: NamedRight) -> str | None:
    """Why this looks like what people read and not like a code; None where it doesn't."""
    labels = {text.strip("'\"").casefold() for text in right.label.values()}
    for what, text in (("right", right.right), ("context", right.context or "")):
        if any(sign.isspace() for sign in text) or (not text.isascii() and text.casefold() in labels):
            return f"the {what} {text!r} is a label as people read it: write the code that ACM sends, which has no spaces"
    return None
