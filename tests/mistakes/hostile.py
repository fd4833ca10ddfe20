"""Further wrong edits: conditions that exclude one another, other people's networks and clocks, lost words, mixed-up addresses."""

from __future__ import annotations

from tests.mistakes.mistake import Mistake, Proven

_FIRST_RULE = "  # The first rule that matches decides. What no rule matches is refused.\n"
_ROLES = "  rights: {claims: [ovam_rol_3d]}\n"
_OBSERVE = "    observe: {listen: 127.0.0.1:8001"
_SILENT = "      silent_check: 30s\n"
_UPSTREAM = "upstream: {url: http://127.0.0.1:8120"
_STORES = ("store: sqlite:var/ti.db", "store: redis://localhost:6379/0")
_ISSUER = "issuer: http://localhost:8110/op"
_NEVER = "never:\n"
_PROXY = (
    "    paths: {parameters: strip",
    "    edge: {trusted_proxies: [192.0.2.7/32]}\n    paths: {parameters: strip",
)
_MORE = '    organisation: "0428315871"\n    doelgroep: EA\n'

Edit = list[tuple[str, str]]


def _asking(*required: str) -> Edit:
    lines = "".join(f"      - {each}\n" for each in required)
    rule = f"  - id: new-one\n    match: {{path: /rapporten/**}}\n    require:\n{lines}"
    return [(_FIRST_RULE, f"{_FIRST_RULE}{rule}")]


def _from(network: str) -> Edit:
    return [_PROXY, *_asking("authenticated", f"network: [{network}]")]


def _claims(text: str) -> Edit:
    return [(_ROLES, f"{_ROLES}  claims: {{{text}}}\n")]


def _levels(text: str) -> Edit:
    return [(_SILENT, f"{_SILENT}      levels: {text}\n")]


def _window(text: str) -> Edit:
    return [(_OBSERVE, f"    maintenance: {{windows: [{{{text}}}]}}\n{_OBSERVE}")]


def _prd_upstream(url: str) -> Edit:
    return [(_UPSTREAM, f'upstream: {{url: "{url}"')]


def _row(name: str, what: str, edit: Edit, *caught: str) -> Mistake:
    return Mistake(name, what, edit, caught)


CONDITIONS = (
    _row("two-doelgroepen", "two doelgroepen, both required", _asking("organisation: {doelgroep: [GID]}", "organisation: {doelgroep: [EA]}"), "warning:nobody-allowed"),
    _row("two-organisations", "two organisations, both required", _asking("organisation: {any_of: [OVO001234]}", 'organisation: {any_of: ["0428315871"]}'), "warning:nobody-allowed"),
    _row("right-and-not", "a right and its opposite", _asking("right: {right: indiener}", "not: {right: {right: indiener}}"), "warning:nobody-allowed"),
    _row("not-anyone", "`not: anyone`", _asking("not: anyone"), "warning:nobody-allowed"),
    _row("program-with-a-right", "a right required of a program, which has none", _asking("machine: {scopes: [ovam_ncr_indienen]}", "right: {right: indiener}"), "warning:nobody-allowed"),
    _row("program-with-a-login", "a strong login required of a program", _asking("machine: {scopes: [ovam_ncr_indienen]}", "assurance: {level: 20}"), "warning:nobody-allowed"),
    _row("schedules-apart", "two schedules without a common hour", _asking("authenticated", "schedule: {hours: {mon: 08:00-12:00}}", "schedule: {hours: {tue: 08:00-12:00}}"), "warning:nobody-allowed"),
    _row("weekend-of-weekdays", "opening hours of weekdays, from a Saturday until a Sunday", _asking("authenticated", "schedule: {hours: {mon-fri: 08:00-17:00}, from: 2026-12-05, until: 2026-12-06}"), "warning:nobody-allowed"),
    _row("closed-whole", "a schedule of one day, which is closed", _asking("authenticated", "schedule: {from: 2027-01-01, until: 2027-01-01, closed: [2027-01-01]}"), "warning:nobody-allowed"),
    _row("until-before-from-of-another", "until a day by one schedule, from the next by another", _asking("authenticated", "schedule: {until: 2026-12-31}", "schedule: {from: 2027-01-01}"), "warning:nobody-allowed"),
    _row("networks-apart", "two networks without a common address", [_PROXY, *_asking("authenticated", "network: [193.190.10.0/24]", "network: [193.191.10.0/24]")], "warning:nobody-allowed"),
    _row("any-authenticated", "whoever is logged in, or who has the right", _asking("any: [authenticated, {right: {right: indiener}}]"), "warning:idle-option"),
    _row("emergency-for-nobody", "an emergency rule that lets in nobody", [(_FIRST_RULE, f"{_FIRST_RULE}  - id: nood\n    match: {{path: /ncr/x/**}}\n    require: [organisation: {{doelgroep: [GID]}}, organisation: {{doelgroep: [EA]}}]\n    emergency: {{at_most: 60m}}\n")], "warning:nobody-allowed"),
    _row("emergency-for-the-same", "an emergency rule for people who may already", [(_FIRST_RULE, f"{_FIRST_RULE}  - id: nood\n    match: {{path: /ncr/nieuw.xhtml}}\n    require: [right: {{right: indiener}}, organisation: {{doelgroep: [EA]}}]\n    emergency: {{at_most: 60m}}\n")], "warning:emergency-without-effect"),
    _row("path-letters-swapped", "two letters at the beginning of a path changed places", [("match: {path: /ncr/nieuw.xhtml}", "match: {path: /nrc/nieuw.xhtml}")], "test:POST /ncr/nieuw.xhtml", "warning:nearly-a-rule"),
)  # fmt: skip
NETWORKS = (
    _row("network-of-examples", "the network of an example is pasted", _from("203.0.113.0/24"), "warning:unroutable-network"),
    _row("network-link-local", "addresses of one cable", _from("169.254.10.0/24"), "warning:unroutable-network"),
    _row("network-is-proxy", "the proxy's own address in the place of the office's", _from("192.0.2.7"), "warning:unroutable-network"),
    _row("network-without-mask", "a network without its mask, which is one address", _from("193.190.10.0"), "warning:unroutable-network"),
    _row("network-172", "a private network with too short a mask", _from("172.0.0.0/8"), "warning:mixed-network"),
    _row("network-mapped", "all of IPv4, written as IPv6", _from('"::ffff:0:0/96"'), "warning:wide-network"),
    _row("network-interface", "an address as this machine shows it, with its interface", _from('"fe80::1%eth0"'), "error:names an interface of one machine"),
    _row("proxy-interface", "the same for a proxy", [(_PROXY[0], _PROXY[1].replace("192.0.2.7/32", '"fe80::1%eth0"'))], "error:is no address or network"),
    _row("proxy-number", "a part of an address, which is read as a number, for a proxy", [(_PROXY[0], _PROXY[1].replace("192.0.2.7/32", "10"))], "error:is no address or network"),
    _row("network-name", "a host name in the place of a network", _from("kantoor.example.be"), "error:is not a network"),
)  # fmt: skip
CLOCKS = (
    _row("zone-utc", "opening hours in UTC", _asking("authenticated", "schedule: {hours: {mon-fri: 08:00-17:00}, zone: UTC}"), "warning:other-zone"),
    _row("zone-etc", "a zone with its sign the wrong way round", _asking("authenticated", "schedule: {hours: {mon-fri: 08:00-17:00}, zone: Etc/GMT-2}"), "warning:other-zone"),
    _row("day-first", "a date with the day first", _asking("authenticated", "schedule: {until: 31-12-2026}"), "error:write year-month-day"),
    _row("no-such-day", "a day that no calendar has", _asking("authenticated", "schedule: {until: 2027-02-30}"), "error:write year-month-day"),
    _row("last-day-of-all", "the last day of the calendar, for what has no last day", _asking("authenticated", "schedule: {until: 9999-12-31}"), "error:where the calendar ends"),
    _row("first-day-of-all", "the first day of the calendar, for what has no first day", _asking("authenticated", "schedule: {from: 0001-01-01}"), "error:where the calendar ends"),
    _row("maintenance-today", "planned maintenance that was over this morning", _window("from: 2026-11-26T01:00, until: 2026-11-26T02:00"), "warning:maintenance-over"),
    _row("maintenance-year", "a digit of a year of maintenance is mistyped", _window("from: 2062-12-01T22:00, until: 2062-12-02T02:00"), "warning:far-date"),
    _row("maintenance-long", "planned maintenance that ends a year too late", _window("from: 2026-12-01T22:00, until: 2027-12-02T02:00"), "warning:long-maintenance"),
    _row("maintenance-always", "maintenance at all hours of the week", _window("hours: {mon-sun: 00:00-24:00}"), "warning:long-maintenance"),
    _row("maintenance-skipped-hour", "maintenance from an hour that the clocks skip", _window("from: 2027-03-28T02:30, until: 2027-03-28T05:00"), "error:does not exist in Belgium"),
    _row("maintenance-double-hour", "maintenance until an hour that comes twice", _window("from: 2027-10-31T00:30, until: 2027-10-31T02:30"), "error:comes twice in Belgium"),
    _row("maintenance-zone", "a time zone beside from and until", _window("from: 2026-12-01T22:00, until: 2026-12-02T02:00, zone: UTC"), "error:zone is for hours alone"),
    _row("maintenance-zone-utc", "weekly maintenance in UTC", _window("hours: {sun: 02:00-04:00}, zone: UTC"), "warning:other-zone"),
    _row("maintenance-path", "maintenance of a path with two letters swapped", _window("hours: {sun: 02:00-04:00}, paths: [/nrc/**]"), "warning:nearly-a-rule"),
    _row("maintenance-path-impossible", "maintenance of a path that no request can have", _window("hours: {sun: 02:00-04:00}, paths: ['/ncr;x/**']"), "warning:impossible-path"),
    _row("maintenance-copied", "a planned maintenance is pasted a second time", _window("hours: {sun: 02:00-04:00}}, {hours: {sun: 02:00-04:00}"), "warning:maintenance-twice"),
)  # fmt: skip
PEOPLE = (
    _row("claim-dutch", "a claim's name in Dutch", _claims("family_name: familienaam"), "warning:unseen-claim"),
    _row("claim-extra", "a further claim that ACM doesn't have", _claims("extra: [functie]"), "warning:unseen-claim"),
    _row("claim-roles", "the rights are looked for in a claim of another provider", [(_ROLES, "  rights: {claims: [rollen]}\n")], "test:submitter", "warning:unseen-claim"),
    _row("scope-vo", "the scope of organisation and doelgroep is not requested", [("scopes: [openid, profile, vo, ovam]", "scopes: [openid, profile, ovam]")], "warning:scope-not-asked"),
    _row("ovo-is-kbo", "a KBO number in the claim of an OVO code", [*_claims("extra: [vo_ovocode]"), *_asking('claim: {name: vo_ovocode, equals: "0428315871"}')], "warning:impossible-organisation"),
    _row("kbo-is-ovo", "an OVO code in the claim of a KBO number, of a described person", [("      vo_orgcode: OVO001234\n", "      vo_orgcode: OVO001234\n      vo_kbonummer: OVO001234\n")], "warning:impossible-organisation"),
    _row("right-of-another", "a described person has the right of another organisation", [(_MORE, '    organisation: "0428315871"\n    doelgroep: EA\n    rights: ["OVAMGebruiker-NonConformiteitenLezer:OVO001234"]\n')], "warning:right-of-another"),
    _row("level-of-no-method", "a level for a mistyped authentication method", _levels("{urn:be:vlaanderen:authmech:eid: 35, urn:be:vlaanderen:authmech:itsmee: 27}"), "warning:unknown-acr", "diff:provider.levels"),
    _row("level-short", "the short name of an authentication method under `levels:`", _levels("{eid: 35}"), "warning:unknown-acr"),
    _row("level-too-high", "a weak authentication method gets a high level", _levels("{urn:be:vlaanderen:authmech:password: 40}"), "warning:other-level"),
    _row("levels-empty", "no method has a level", _levels("{}"), "warning:other-level"),
    _row("label-no-dutch", "a label of a right without Dutch", [("      nl: \"gebruikersrecht 'OVAM Gebruiker' met context 'Non-conformiteiten lezer'\"\n", "")], "warning:label-missing"),
    _row("label-empty", "an empty label of a rule", [("label: {nl: Het register, en: The register}", 'label: {nl: "", en: The register}')], "warning:label-missing"),
    _row("headers-swapped", "code and name of the organisation are swapped in the headers", [("organisation.code\n    X-Auth-Organisation-Name: organisation.name", "organisation.name\n    X-Auth-Organisation-Name: organisation.code")], "diff:identity.headers.X-Auth-Organisation"),
    _row("header-of-rights-gone", "the header with the rights is removed", [("    X-Auth-Rights: rights\n", "")], "diff:identity.headers.X-Auth-Rights"),
)  # fmt: skip
PROOFS = (
    _row("test-deleted", "a test that expects a refusal is deleted", [('  - name: a reader of a company does not see the register\n    as: {organisation: "0428315871", doelgroep: EA, rights: [lezer]}\n    request: GET /ncr/melding.xhtml\n    expect: deny\n', "")], "diff:a reader of a company does not see the register"),
    _row("never-weakened", "an invariant for every method becomes one for GET", [("never:\n  - request: ANY /ncr/bestanden/**", "never:\n  - request: GET /ncr/bestanden/**")], "diff:is gone or changed"),
    _row("never-of-gateway", "an invariant about the gateway's own pages", [(_NEVER, f"{_NEVER}  - request: ANY /oauth2/**\n")], "warning:idle-never"),
    _row("never-at-no-host", "an invariant for a host that nobody comes by", [(_NEVER, f"{_NEVER}  - request: ANY /ncr/bestanden/**\n    host: other.example.be\n")], "warning:idle-never"),
    _row("test-at-no-host", "a test for a host that nobody comes by", [("\ntests:\n", "\ntests:\n  - {request: GET /ncr/bestanden/1, host: other.example.be, expect: deny}\n")], "warning:idle-test"),
    _row("never-in-capitals", "an invariant about a path in other capitals", [(_NEVER, f"{_NEVER}  - request: ANY /NCR/bestanden/**\n")], "warning:nearly-a-rule"),
)  # fmt: skip
ADDRESSES = (
    *(
        _row(f"upstream-{number}", f"both environments have one register, as 127.0.0.1 and as {url}", _prd_upstream(url), "error:share their upstream")
        for number, url in enumerate(("http://LOCALHOST:8020/", "http://[::1]:8020", "http://127.1:8020", "http://[::ffff:127.0.0.1]:8020"))
    ),
    _row("store-by-address", "both environments have one Redis database, by name and by address", [_STORES, ("store: sqlite:var/prd.db", "store: redis://127.0.0.1/00")], "error:share their store"),
    _row("store-by-sentinel", "both environments have one Redis, by sentinels of which they share one", [("store: sqlite:var/ti.db", "store: redis+sentinel://a,b/register/0"), ("store: sqlite:var/prd.db", "store: redis+sentinel://c:26379,B:26379/register")], "error:share their store"),
    _row("one-host-two-ports", "both environments are at one host, on two ports", [("public_url: http://localhost:8000", "public_url: https://register.example.be:8443"), ("public_url: http://localhost:8100", "public_url: https://register.example.be")], "error:share their host"),
    _row("upstream-is-gateway", "the register's address is the gateway's own", [("url: http://127.0.0.1:8020", "url: http://localhost:8000")], "error:the gateway itself listens here"),
    _row("metrics-on-the-site", "metrics and site listen at one address", [("listen: 127.0.0.1:8001", "listen: 0.0.0.0:8000")], "error:the gateway listens here already"),
    _row("profile-of-ti", "people of PRD are sent to the profile page of T&I", [("profile_url: http://localhost:8110/mijnprofiel", "profile_url: https://mijnprofiel-ti.vlaanderen.be")], "warning:other-environment"),
    _row("users-of-ti", "a link of PRD leads to the ACM of T&I", [('users_url: "http://localhost:8110', 'users_url: "http://localhost:8010')], "warning:other-environment"),
    _row("public-of-ti", "the address of PRD has the name of T&I in it", [("public_url: http://localhost:8100", "public_url: https://register-ti.example.be")], "warning:other-environment"),
    _row("origin-of-ti", "a rule of both environments lets the pages of T&I call PRD", [("    match: {path: /echo/**}", "    match: {path: /echo/**}\n    cors: {origins: ['http://localhost:8000'], credentials: true}")], "warning:other-environment"),
    _row("issuer-of-metadata", "the address of the metadata in the place of the issuer", [(_ISSUER, "issuer: https://authenticatie.vlaanderen.be/op/.well-known/openid-configuration")], "error:the issuer is https://authenticatie.vlaanderen.be/op"),
    _row("issuer-cut", "the issuer without its path", [(_ISSUER, "issuer: https://authenticatie.vlaanderen.be")], "error:the issuer of ACM ends in /op"),
    _row("session-endless", "a session of a year", [("max_lifetime: 10h", "max_lifetime: 365d")], "warning:long-session"),
    _row("idle-after-the-end", "idle sessions end after all sessions have ended", [("idle_timeout: 30m", "idle_timeout: 30h")], "warning:long-session"),
    _row("never-rechecked", "ACM is never asked again during a session", [("      idle_timeout: 30m", "      recheck: 0s\n      idle_timeout: 30m")], "warning:never-rechecked"),
)  # fmt: skip
COMMANDS = (
    Proven("card-of-rsa", "the assertion is signed by an RSA key, whose cards are larger", "such cards are read like others", "tests/config/test_card.py::test_a_card_signed_with_rsa_is_read_back"),
    Proven("maintenance-of-nothing", "`gateway maintenance start --path` for the login, or for a path that no request has", "the command refuses, and changes nothing", "tests/cli/test_maintenance.py::test_the_command_refuses_what_cannot_be_meant"),
    Proven("maintenance-backwards-ordered", "`gateway maintenance start` with `--until` before `--from`", "the command refuses, and says so", "tests/cli/test_maintenance.py::test_the_command_refuses_what_cannot_be_meant"),
)  # fmt: skip
MISTAKES = (*CONDITIONS, *NETWORKS, *CLOCKS, *PEOPLE, *PROOFS, *ADDRESSES, *COMMANDS)
