"""The whole configuration: the settings models of all areas, composed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from gateway.analysis.person import Person
from gateway.analysis.suite import Suite
from gateway.analysis.suite_settings import CaseSettings, NeverSettings
from gateway.auth.settings import ClaimSettings, MachineSettings, ProviderSettings, RightsSettings
from gateway.auth.signal_settings import SignalsSettings
from gateway.authzen.settings import AuthzenSettings
from gateway.blocks.settings import BlockSettings
from gateway.config.keys import KeysSection
from gateway.config.problems import ConfigError, Problem, unknown
from gateway.edge.authority import host_name
from gateway.edge.settings import DrainSettings, EdgeSettings, FrontSettings, PathSettings
from gateway.emergency.settings import EmergencySettings
from gateway.files.file_states import FileStates, Watched
from gateway.handling import DEFAULT_UPSTREAM
from gateway.identity.settings import AssertionSettings, HeaderSettings
from gateway.key_files.keyring import Purpose, Ring
from gateway.model import Language
from gateway.observe.settings import ObserveSettings
from gateway.outgoing.egress import Egress, ProxySettings
from gateway.pages.settings import PagesSettings, SessionBarSettings, SupportSettings
from gateway.plugin import NamedRight, Policy
from gateway.policy.maintenance_settings import MaintenanceSettings
from gateway.policy.ruleset import RuleSet, with_emergencies
from gateway.policy.settings import EnvironmentRules, PollSettings, RightSettings, UncheckedRules
from gateway.session.settings import SessionSettings
from gateway.settings import FileBeside, LanguageTag, ListenAddress, Settings, Whole, in_folder
from gateway.upstream.settings import UpstreamName, UpstreamSettings
from gateway.upstream.stream_settings import StreamSettings

AcceptedHere = Literal[
    "proxy-not-trusted",
    "wide-proxy",
    "unused-upstream",
    "scope-not-asked",
    "case-backend",
    "other-environment",
    "other-level",
    "long-session",
    "never-rechecked",
    "long-maintenance",
    "authzen-plain",
    "authzen-no-rule",
]
LOCAL_HOSTS = frozenset(("localhost", "127.0.0.1", "::1"))


def _public_url(value: str) -> str:
    parts = urlsplit(value)
    try:
        local = parts.port != 0 and parts.hostname in LOCAL_HOSTS
    except ValueError as problem:
        raise ValueError("the address has an invalid port") from problem
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        raise ValueError("write the address as people see it: https://register.example.be")
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise ValueError("write only scheme, host and port: the gateway serves the whole site")
    if parts.scheme == "http" and not local:
        raise ValueError("http is for localhost only: write https, and terminate TLS in front of the gateway")
    return f"{parts.scheme}://{host_name(parts.netloc)}"


def _distinct(languages: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(languages)) < len(languages):
        raise ValueError("a language is named twice")
    return languages


def _not_default(value: str) -> str:
    if value == DEFAULT_UPSTREAM:
        raise ValueError(f"{value!r} is the name of the one under `upstream:`: give this one another")
    return value


class ObserveSection(ObserveSettings):
    """What operators and auditors get to see."""

    streams: StreamSettings = StreamSettings()
    """When event streams, long downloads and slow uploads are judged again."""


class SessionSection(SessionSettings):
    """Where sessions are kept, how long they last, and what does not prolong them."""

    polling: tuple[PollSettings, ...] = ()
    """Requests that pages make by themselves, such as p:poll: they don't count as using the session."""


class EnvironmentSettings(Settings):
    """One environment: its addresses, its provider, its keys, its register. Environments share nothing."""

    public_url: Annotated[str, AfterValidator(_public_url)]
    """The address as people see it, scheme and host: https://register.example.be."""

    listen: ListenAddress = "127.0.0.1:8000"
    """Where the gateway listens: HOST:PORT, or unix:PATH, which the file's group may use. What comes over a unix socket comes from a trusted proxy."""

    drain: DrainSettings = DrainSettings()
    """How the gateway stops without losing a request."""

    provider: ProviderSettings
    """ACM: where people log in."""

    proxy: ProxySettings | Literal["direct"] | None = None
    """A proxy for calls over https to the provider, to issuers of tokens and to engines of the policy `remote`; `direct`
    for none. Without it the environment variables HTTPS_PROXY and NO_PROXY say it. The register is reached directly."""

    machines: MachineSettings | None = None
    """Programs that come with a bearer token; without it nobody but people gets in."""

    signals: SignalsSettings | None = None
    """Who may report by a security event that sessions are over; without it nobody."""

    upstream: UpstreamSettings
    """The register behind the gateway: the upstream of every rule that names no other."""

    upstreams: dict[Annotated[UpstreamName, AfterValidator(_not_default)], UpstreamSettings] = Field(
        default_factory=dict
    )
    """Further applications behind the gateway, by the name with which a rule picks one: `upstream: NAME`."""

    session: SessionSection
    """Where sessions are kept and how long they last."""

    keys: KeysSection = KeysSection()
    """Keys of their own for logins, pseudonyms and records; without it those in the file of `session.key`."""

    assertion: AssertionSettings
    """The signed statement of who asks, for the register."""

    edge: EdgeSettings = EdgeSettings()
    """Further host names, proxies in front, limits."""

    fronts: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,31}$")], FrontSettings] = Field(
        default_factory=dict
    )
    """Servers that carry the requests themselves and ask the gateway about each (forward-auth), by name."""

    authzen: AuthzenSettings | None = None
    """The decision point for programs (OpenID AuthZEN), at a listener of its own; without it there is none."""

    paths: PathSettings = PathSettings()
    """How the register reads paths, where it lets through more than the strict reading."""

    blocks: BlockSettings = BlockSettings()
    """Where it is kept who is blocked at once (`gateway block`)."""

    emergency: EmergencySettings = EmergencySettings()
    """Who opens emergency rules (`gateway emergency`)."""

    maintenance: MaintenanceSettings = MaintenanceSettings()
    """When the register is in maintenance, and who works with it all the same (`gateway maintenance`)."""

    observe: ObserveSection = ObserveSection()
    """Health, metrics, logs and decision records."""

    support: SupportSettings = SupportSettings()
    """Whom people can turn to."""

    session_bar: SessionBarSettings | None = None
    """A bar on the register's pages that says who is logged in; without it there is none."""

    shadow: Annotated[Path, AfterValidator(in_folder)] | None = None
    """A file with candidate rules that live requests are judged by as well, without enforcing them."""

    rules: EnvironmentRules = EnvironmentRules()
    """Rules of this environment alone: `before` and `after` those that all environments share."""

    not_promoted: tuple[Annotated[str, Field(pattern=r"^[^\s.]+(\.[^\s.]+)*$")], ...] = ()
    """What differs here on purpose, as `gateway config promote` names it, so that it neither comes here nor goes from
    here: `session.idle_timeout`, `rules.test-tools`, `identity.headers`."""

    accept: tuple[AcceptedHere, ...] = ()
    """Codes of findings of `gateway config validate` about this environment's own settings that are intended."""

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        _ = self.egress
        for name, caller in self.authzen.callers.items() if self.authzen is not None else ():
            for each in caller.upstreams:
                if each not in self.every_upstream:
                    known = ", ".join(self.every_upstream)
                    raise ValueError(
                        f"authzen: caller {name!r} names the upstream {each!r}; there are: {known}"
                    )
        return self

    @property
    def egress(self) -> Egress:
        """How calls to other servers leave."""
        return Egress.of(self.proxy)

    def ring(self, purpose: Purpose) -> Ring:
        """The keys for this purpose."""
        return self.keys.ring(purpose, self.session.ring)

    @property
    def every_upstream(self) -> Mapping[str, UpstreamSettings]:
        """The upstreams by name, the one that rules use without naming it first."""
        return {DEFAULT_UPSTREAM: self.upstream, **self.upstreams}


class IdentitySection(HeaderSettings):
    """From claims to an identity, and from the identity to headers; the same in every environment."""

    rights: RightsSettings = RightsSettings()
    """How the role claim is read."""

    claims: ClaimSettings = ClaimSettings()
    """Which claim holds what."""


class Document(Settings, defer_build=False):
    """The whole file."""

    version: Annotated[Literal[1], Whole]
    """The version of this format: 1."""

    plugins: tuple[str, ...] = ()
    """Where policies of your own come from: folders (./policies) or importable modules. Shipped policies are always available."""

    languages: Annotated[tuple[LanguageTag, ...], Field(min_length=1), AfterValidator(_distinct)] = (
        "nl",
        "en",
    )
    """The languages of the gateway's own pages, the preferred one first: nl, en, fr and de come with it."""

    pages: PagesSettings = PagesSettings()
    """Templates and translations of your own."""

    environments: Annotated[
        dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9]{0,15}$")], EnvironmentSettings],
        Field(min_length=1),
    ]
    """The environments by name: ti, prd."""

    environment_cards: tuple[FileBeside, ...] = ()
    """Cards of environments in other files, or folders with them (`gateway config card`): what an environment here shares
    with one of them is refused."""

    identity: IdentitySection = IdentitySection()
    """What people's identities are made of, and how the register gets to see them."""

    rights: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,63}$")], RightSettings] = Field(
        default_factory=dict
    )
    """The rights that rules can require, by the name that rules use."""

    catalogue: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """All rights with all their contexts, as codes, that ACM can send: `OVAMGebruiker: [NonConformiteitenIndiener, ...]`;
    `[]` for a right without contexts. Entries of `rights:` that it lacks draw a warning."""

    rules: Annotated[UncheckedRules, Field(min_length=1)]
    """The rules, in order. The first one that matches decides; what none matches is refused."""

    people: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,63}$")], Person] = Field(
        default_factory=dict
    )
    """Described people by name, for tests."""

    tests: tuple[CaseSettings, ...] = ()
    """Requests and what must come of them; rules that fail one never go live."""

    never: tuple[NeverSettings, ...] = ()
    """Requests that must never be allowed, whatever the rules become."""


@dataclass(frozen=True, slots=True)
class Config:
    """A valid configuration. `rules` and `suites` hold the rule set and the tests of each environment.

    A change to `files`, which it was read from, to what is in `watched` or to which files fit its patterns may change it.
    `seen` has their states before they were read; `policy_code` is a hash of the text of policies that are not shipped.
    """

    path: Path
    environments: Mapping[str, EnvironmentSettings]
    identity: IdentitySection
    rights: Mapping[str, NamedRight]
    policies: Mapping[str, type[Policy]]
    rules: Mapping[str, RuleSet]
    suites: Mapping[str, Suite]
    people: Mapping[str, Person]
    languages: tuple[Language, ...]
    pages: PagesSettings
    files: tuple[Path, ...] = ()
    watched: tuple[Watched, ...] = ()
    policy_code: str = "none"
    seen: FileStates | None = None

    def environment(self, name: str) -> EnvironmentSettings:
        """The environment with this name. Raises ConfigError if there is none."""
        if (found := self.environments.get(name)) is None:
            message = unknown("environment", name, self.environments)
            raise ConfigError([Problem(str(self.path), 1, 1, message)])
        return found

    def blocks_file(self, name: str) -> Path:
        """The file with the blocks of this environment."""
        settings = self.environment(name)
        store = settings.session.store.path
        if settings.blocks.file is not None:
            return settings.blocks.file
        if store is not None:
            return store.with_name(f"{store.name}.blocks.json")
        return self.path.absolute().parent / "var" / f"{name}.blocks.json"

    def blocks_copy(self, name: str) -> Path:
        """This machine's copy of the blocks that the gateways of this environment share."""
        return _copy(self.blocks_file(name))

    def orders_file(self, name: str, kind: str) -> Path:
        """The file with orders of this kind (blocks, emergency or maintenance) for this environment on this machine."""
        settings, beside = self.environment(name), self.blocks_file(name)
        if kind == "blocks":
            return beside
        given = settings.emergency.file if kind == "emergency" else settings.maintenance.file
        stem = beside.name.removesuffix(".json").removesuffix(".blocks")
        return given if given is not None else beside.with_name(f"{stem}.{kind}.json")

    def orders_copy(self, name: str, kind: Literal["emergency", "maintenance"]) -> Path:
        """This machine's copy of the same orders that the gateways share."""
        return _copy(self.orders_file(name, kind))

    def with_emergencies(self, names: Sequence[str]) -> Config:
        """The same with these emergency rules open. Raises ConfigError where none has that id."""
        known = {rule for rules in self.rules.values() for rule in rules.emergencies}
        for each in names:
            if each not in known:
                raise ConfigError([Problem(str(self.path), 1, 1, unknown("emergency rule", each, known))])
        opened = {
            name: with_emergencies(rules, {each: "asked" for each in names if each in rules.emergencies})
            for name, rules in self.rules.items()
        }
        return replace(self, rules=opened)


def _copy(file: Path) -> Path:
    return file.with_name(f"{file.name.removesuffix('.json')}.shared.json")
