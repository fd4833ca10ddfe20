"""The first configuration of a deployment: its text, made of the answers to a few questions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from string import Template
from typing import Final, Literal

Layout = Literal["one", "files"]
ISSUERS: Final[Mapping[str, str]] = {
    "ti": "https://authenticatie-ti.vlaanderen.be/op",
    "prd": "https://authenticatie.vlaanderen.be/op",
}
_RULES_FILE: Final = "rules/10-register.yaml"


@dataclass(frozen=True, slots=True)
class Answers:
    """What `gateway init` asks. `right` is a right with its context, RIGHT-CONTEXT; "" lets in everybody who logs in."""

    env: str
    public_url: str
    issuer: str
    client_id: str
    upstream: str
    store: str
    listen: str
    observe: str
    right: str
    proxies: tuple[str, ...]
    state: str = "var"


def starter(answers: Answers, layout: Layout) -> dict[str, str]:
    """The content of each file, by its path below the folder; the configuration first."""
    name = f"{answers.env}.yaml" if layout == "files" else "config.yaml"
    rules = _RULES if answers.right else _RULES_FOR_ALL
    text = Template(files("gateway.cli").joinpath("starter.yaml").read_text("utf-8")).substitute(
        file=name,
        env=answers.env,
        public_url=answers.public_url,
        listen=answers.listen,
        observe=answers.observe,
        issuer=answers.issuer,
        client_id=answers.client_id,
        upstream=answers.upstream,
        store=answers.store,
        state=answers.state,
        blocks=_blocks(answers),
        scope=", ovam" if answers.right else "",
        edge=_edge(answers),
        rights=_rights(answers.right),
        rules=_INCLUDE if layout == "files" else f"{_RULES_HEAD}rules:\n{rules}",
        role=f'\n      ovam_rol_3d: ["{answers.right}:0428315871"]' if answers.right else "",
    )
    return {name: text, **({_RULES_FILE: f"{_SHARED_HEAD}rules:\n{rules}"} if layout == "files" else {})}


def _edge(answers: Answers) -> str:
    words = "    # Proxies whose X-Forwarded-For says where a request comes from: those in front of the gateway, and no others."
    if answers.proxies:
        return f"\n{words}\n    edge: {{trusted_proxies: [{', '.join(answers.proxies)}]}}\n"
    return f"\n{words}\n    # edge: {{trusted_proxies: [192.0.2.10]}}\n"


def _blocks(answers: Answers) -> str:
    if answers.store.startswith("sqlite:"):
        return ""
    words = "    # Blocks, and other orders, that are for this machine alone."
    return f"\n{words}\n    blocks: {{file: {answers.state}/{answers.env}.blocks.json}}\n"


def _rights(right: str) -> str:
    if not right:
        return ""
    name, _, context = right.partition("-")
    return f"""
# The rights that rules can require. What pages call them, and who grants them, is in `label` and `granted_by`.
rights:
  user:
    right: {name}
    context: {context}
    label:
      nl: "gebruikersrecht '{name}' met context '{context}'"
      en: "user right '{name}' with context '{context}'"
    granted_by:
      nl: de lokale beheerder van uw organisatie
      en: the local administrator (lokale beheerder) of your organisation

# All rights with their contexts that ACM can send, as codes: a right above that is not here draws a warning.
catalogue:
  {name}: [{context}]
"""


_RULES_HEAD: Final = (
    "\n# The first rule that matches decides. What no rule matches is refused. See docs/rules.md.\n"
)
_SHARED_HEAD: Final = "# Rules that all environments share. The first rule that matches decides; what none matches is refused.\n"
_INCLUDE: Final = """
# Rules that all environments share, in the order of the names of their files.
rules:
  - include: rules/*.yaml
"""
_RULE: Final = """  - id: register
    label: {nl: Het register, en: The register}
    match: {path: /**}
"""
_RULES: Final = _RULE + "    require:\n      - right: {right: user}\n"
_RULES_FOR_ALL: Final = (
    _RULE + "    # Everybody who can log in; better is a right.\n    require: [authenticated]\n"
)
