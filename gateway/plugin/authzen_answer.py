"""Answers of an AuthZEN decision point: read strictly, as plain data, and what they say would help.

OpenID AuthZEN Authorization API 1.0, section "Decision". What the context contains is left to implementations there:
`reason_user`, `reason_admin`, `reason` and `acr_values` are as in its examples, `plans` as a gateway answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from gateway.model import Alternatives, Missing, Right
from gateway.plugin.contract import Facts

_LONGEST: Final = 300
_MOST: Final = 8
_MOST_LANGUAGES: Final = 8


def read_answer(found: Any) -> dict[str, Any]:
    """A decision as plain data: `allow`, and for a denial what is known of `reason` (for people), `reason_admin`,
    `acr_values` and `plans`. Raises ValueError for anything that is not a decision, or that has obligations.
    """
    if not isinstance(found, dict) or not isinstance(found.get("decision"), bool):
        raise ValueError("the answer has no decision that is true or false")
    context = found.get("context", {})
    if not isinstance(context, dict):
        raise ValueError("the context of the answer is no object")
    if found["decision"]:
        if context.get("obligations"):
            raise ValueError("the decision has obligations, which the gateway cannot carry out")
        return {"allow": True}
    known = {
        "reason": _text(context.get("reason_user")) or _text(context.get("reason")),
        "reason_admin": _text(context.get("reason_admin")) or _error(context.get("error")),
        "acr_values": _methods(context.get("acr_values")),
        "plans": _plans(context.get("plans")),
    }
    return {"allow": False, **{name: value for name, value in known.items() if value}}


def authzen_missing(answer: Mapping[str, Any], levels: Mapping[str, int]) -> Alternatives:
    """What would help after a denial, by the answer; methods that are not among the provider's `levels` would not."""
    plans = list(answer.get("plans", ()))
    if answer.get("acr_values"):
        plans.append([{"type": "log-in", "acr_values": answer["acr_values"]}])
    found = [tuple(each for step in plan for each in _missing(step, levels)) for plan in plans]
    possible = tuple(
        plan for plan in found if all(each.remedy != "step_up" or each.acr_values for each in plan)
    )
    return possible or ((Missing("other", "none", detail=answer.get("reason")),),)


def authzen_helps(alternatives: Alternatives, before: Facts, then: Facts) -> bool:
    """Whether somebody has all of one alternative `then` who lacked some of it `before`."""
    return any(
        all(_has(missing, then) for missing in each) and not all(_has(missing, before) for missing in each)
        for each in alternatives
    )


def _has(missing: Missing, facts: Facts) -> bool:
    identity = facts.identity
    if identity is None:
        return False
    here = identity.organisation.code if identity.organisation is not None else None
    match missing.remedy:
        case "grant":
            code = missing.organisation or here
            return code is not None and Right(missing.right or "", missing.context, code) in identity.rights
        case "step_up":
            return identity.acr in missing.acr_values
        case "switch" if missing.kind == "doelgroep":
            return identity.doelgroep == missing.detail
        case "switch":
            return here == missing.organisation
        case "wait":
            return facts.now >= datetime.fromisoformat(missing.detail or "").timestamp()
    return False


def _missing(step: Mapping[str, Any], levels: Mapping[str, int]) -> Iterator[Missing]:
    match step["type"]:
        case "log-in":
            known = tuple(acr for acr in step["acr_values"] if acr in levels)
            yield Missing("assurance", "step_up", acr_values=known)
        case "grant":
            texts = {name: step.get(name, {}) for name in ("label", "granted_by")}
            where = step.get("organisation")
            yield Missing("right", "grant", step["right"], step.get("context"), where, **texts)
        case "switch":
            if "organisation" in step:
                yield Missing("organisation", "switch", organisation=step["organisation"])
            if "doelgroep" in step:
                yield Missing("doelgroep", "switch", detail=step["doelgroep"])
        case "wait":
            yield Missing("time", "wait", detail=step["until"])


def _plans(found: Any) -> list[list[dict[str, Any]]]:
    """The plans that can be read as a whole; of another one nothing."""
    plans = (list(map(_step, plan)) for plan in _list(found) if 0 < len(_list(plan)) <= _MOST)
    return [[step for step in plan if step] for plan in plans if all(plan)][:_MOST]


def _step(found: Any) -> dict[str, Any] | None:
    if not isinstance(found, dict):
        return None
    step: dict[str, Any] = {"type": found.get("type")}
    match step["type"]:
        case "log-in":
            step["acr_values"] = _methods(found.get("acr_values"))
            return step if step["acr_values"] else None
        case "grant":
            step |= {
                name: text
                for name in ("right", "context", "organisation")
                if (text := _text(found.get(name)))
            }
            step |= {name: texts for name in ("label", "granted_by") if (texts := _texts(found.get(name)))}
            return step if "right" in step else None
        case "switch":
            named = {name: text for name in ("organisation", "doelgroep") if (text := _text(found.get(name)))}
            return step | named if named else None
        case "wait":
            step["until"] = _moment(found.get("until"))
            return step if step["until"] else None
    return None


def _moment(found: Any) -> str:
    try:
        moment = datetime.fromisoformat(found)
    except (TypeError, ValueError):
        return ""
    return moment.isoformat(timespec="seconds") if moment.tzinfo is not None else ""


def _methods(found: Any) -> list[str]:
    listed = found.split(" ") if isinstance(found, str) else _list(found)
    return [each for each in listed if isinstance(each, str) and _fits(each) and " " not in each][:_MOST]


def _texts(found: Any) -> dict[str, str]:
    """A text by language."""
    if not isinstance(found, dict):
        return {}
    texts = ((key, _text(value)) for key, value in found.items() if len(key) == 2 and key.isalpha())
    return dict([(key, text) for key, text in texts if text][:_MOST_LANGUAGES])


def _text(found: Any) -> str | None:
    """A text, or the first one of an object, which may have one by status or by language."""
    if isinstance(found, dict):
        return next(
            (text for value in found.values() if isinstance(value, str) and (text := _text(value))), None
        )
    if not isinstance(found, str):
        return None
    printable = "".join(char if char.isprintable() else " " for char in found[: 4 * _LONGEST])
    return " ".join(printable.split())[:_LONGEST] or None


def _error(found: Any) -> str | None:
    return _text(found.get("message")) if isinstance(found, dict) else None


def _fits(text: str) -> bool:
    return 0 < len(text) <= _LONGEST and text.isascii() and text.isprintable()


def _list(found: Any) -> list[Any]:
    return found if isinstance(found, list) else []
