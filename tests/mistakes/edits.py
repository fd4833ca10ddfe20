"""Wrong edits of the shipped config.yaml: of rules, rights, suites and settings."""

from __future__ import annotations

from tests.mistakes.mistake import Mistake

_SUBMITTER = '    acm:\n      vo_orgcode: "0428315871"\n'
_FIRST_RULE = "  # The first rule that matches decides. What no rule matches is refused.\n"
_LAST_RULE = "# Somebody to try the rules with. Real people never stand here.\n"
_REGISTER = "    match: {path: /**}\n    require:\n      - any:\n"
_EDGE = "    paths: {parameters: strip"
_PROXY = "    edge: {trusted_proxies: [192.0.2.7/32]}\n"
_TESTS = "# What must never happen, whatever the rules become.\n"
_HTTPS = ("public_url: http://localhost:8000", "public_url: https://register.example.be")


def _rule(text: str) -> tuple[str, str]:
    return _FIRST_RULE, f"{_FIRST_RULE}{text}"


RIGHTS = (
    Mistake(
        "context-typo",
        "a letter of a context is mistyped under `rights:`",
        [("context: NonConformiteitenIndiener", "context: NonConformiteitenIndeiner")],
        ["test:GET / as submitter", "warning:unseen-right", "diff:LOSES"],
    ),
    Mistake(
        "context-typo-copied",
        "the same, copied to the people of the tests",
        [
            ("context: NonConformiteitenIndiener", "context: NonConformiteitenIndeiner"),
            ("OVAMGebruiker-NonConformiteitenIndiener:", "OVAMGebruiker-NonConformiteitenIndeiner:"),
        ],
        ["warning:unseen-right"],
    ),
    Mistake(
        "context-case",
        "a context in other capitals",
        [("context: NonConformiteitenIndiener", "context: NonconformiteitenIndiener")],
        ["test:GET / as submitter", "warning:unseen-right"],
    ),
    Mistake(
        "context-of-another",
        "a context of another application",
        [("context: NonConformiteitenLezer", "context: AsbestLezer")],
        ["test:ovam-reader", "warning:unseen-right"],
    ),
    Mistake(
        "label-as-context",
        "the label that people see is pasted as the context",
        [("context: NonConformiteitenIndiener", "context: Non-conformiteiten indiener")],
        ["test:GET / as submitter", "warning:right-never-sent"],
    ),
    Mistake(
        "label-as-right",
        "the label that people see is pasted as the right",
        [
            (
                "right: OVAMGebruiker\n    context: NonConformiteitenLezer",
                "right: OVAM Gebruiker\n    context: NonConformiteitenLezer",
            )
        ],
        ["warning:right-never-sent"],
    ),
    Mistake(
        "whole-element",
        "right and context are written as one",
        [
            (
                "right: OVAMGebruiker\n    context: NonConformiteitenIndiener",
                "right: OVAMGebruiker-NonConformiteitenIndiener",
            )
        ],
        ["test:GET / as submitter", "warning:right-never-sent"],
    ),
    Mistake(
        "context-with-organisation",
        "the organisation is left behind a context",
        [("context: NonConformiteitenLezer", 'context: "NonConformiteitenLezer:OVO001234"')],
        ["warning:right-never-sent"],
    ),
    Mistake(
        "two-contexts",
        "two contexts in one entry, with a comma",
        [
            (
                "context: NonConformiteitenIndiener",
                'context: "NonConformiteitenIndiener,NonConformiteitenLezer"',
            )
        ],
        ["warning:right-never-sent"],
    ),
    Mistake(
        "no-context",
        "the context is forgotten",
        [("    context: NonConformiteitenLezer\n", "")],
        ["test:ovam-reader", "warning:unseen-right"],
    ),
    Mistake(
        "catalogue-label",
        "labels are pasted into the catalogue",
        [
            (
                "[NonConformiteitenIndiener, NonConformiteitenLezer]",
                "[Non-conformiteiten indiener, NonConformiteitenLezer]",
            )
        ],
        ["warning:right-never-sent", "warning:unseen-right"],
    ),
    Mistake(
        "swapped-rights",
        "the contexts of two rights are swapped",
        [
            ("context: NonConformiteitenIndiener", "context: X"),
            ("context: NonConformiteitenLezer", "context: NonConformiteitenIndiener"),
            ("context: X", "context: NonConformiteitenLezer"),
        ],
        ["test:submitter"],
    ),
    Mistake(
        "unknown-right",
        "a rule names a right that is not under `rights:`",
        [
            (
                "      - right: {right: indiener}\n      - organisation",
                "      - right: {right: indeiner}\n      - organisation",
            )
        ],
        ["error:unknown right 'indeiner'; did you mean 'indiener'?"],
    ),
)

CHARACTERS = (
    Mistake(
        "smart-quotes",
        "quotes of a word processor around a context",
        [("context: NonConformiteitenLezer", "context: \u201cNonConformiteitenLezer\u201d")],
        ["test:ovam-reader", "warning:typographic-character"],
    ),
    Mistake(
        "zero-width",
        "a space of no width, pasted from a web page, in a context",
        [("context: NonConformiteitenIndiener", "context: NonConformiteiten\u200bIndiener")],
        ["test:submitter", "warning:invisible-character"],
    ),
    Mistake(
        "no-break-space",
        "a no-break space at the end of a right",
        [
            (
                "right: OVAMGebruiker\n    context: NonConformiteitenIndiener",
                'right: "OVAMGebruiker\u00a0"\n    context: NonConformiteitenIndiener',
            )
        ],
        ["test:submitter", "warning:invisible-character"],
    ),
    Mistake(
        "soft-hyphen",
        "a soft hyphen in a claim's name",
        [("claims: [ovam_rol_3d]", "claims: [ovam_rol\u00ad_3d]")],
        ["test:submitter", "warning:invisible-character"],
    ),
    Mistake(
        "cyrillic",
        "a Cyrillic letter that looks like a Latin one",
        [("context: NonConformiteitenIndiener", "context: NonC\u043enformiteitenIndiener")],
        ["test:submitter", "warning:foreign-letter"],
    ),
    Mistake(
        "en-dash",
        "a dash of a word processor in a path",
        [("/ncr/opladen.xhtml}", "/ncr/op\u2013laden.xhtml}")],
        ["test:POST /ncr/opladen.xhtml", "warning:typographic-character"],
    ),
    Mistake(
        "outer-space",
        "a space at the end of a doelgroep",
        [
            (
                "any:\n          - machine: {scopes: [ovam_ncr_indienen]}\n          - right: {right: indiener}\n          - all:\n              - organisation: {doelgroep: [GID]}",
                'any:\n          - machine: {scopes: [ovam_ncr_indienen]}\n          - right: {right: indiener}\n          - all:\n              - organisation: {doelgroep: ["GID "]}',
            )
        ],
        ["test:readers read through the interface", "warning:outer-space", "warning:unknown-doelgroep"],
    ),
    Mistake(
        "right-to-left",
        "a mark of text direction in a scope",
        [
            (
                "machine: {scopes: [ovam_ncr_indienen]}\n          - right: {right: indiener}\n  - id: api-read",
                "machine: {scopes: [ovam_ncr\u200e_indienen]}\n          - right: {right: indiener}\n  - id: api-read",
            )
        ],
        ["warning:invisible-character"],
    ),
)

CODES = (
    Mistake(
        "kbo-typo",
        "a digit of a KBO number is mistyped in a rule",
        [_rule('  - {id: one, match: {path: /een/**}, require: [organisation: {any_of: ["0428315817"]}]}\n')],
        ["warning:impossible-organisation"],
    ),
    Mistake(
        "kbo-dots",
        "a KBO number with dots",
        [
            _rule(
                '  - {id: one, match: {path: /een/**}, require: [organisation: {any_of: ["0428.315.871"]}]}\n'
            )
        ],
        ["warning:impossible-organisation"],
    ),
    Mistake(
        "kbo-number",
        "a KBO number without quotes and without its first zero",
        [_rule("  - {id: one, match: {path: /een/**}, require: [organisation: {any_of: [428315871]}]}\n")],
        ["error:put it between quotes"],
    ),
    Mistake(
        "vat",
        "a VAT number in the place of a KBO number",
        [
            _rule(
                '  - {id: one, match: {path: /een/**}, require: [organisation: {any_of: ["BE0428315871"]}]}\n'
            )
        ],
        ["warning:impossible-organisation"],
    ),
    Mistake(
        "establishment",
        "the number of an establishment in the place of the enterprise's",
        [_rule('  - {id: one, match: {path: /een/**}, require: [organisation: {any_of: ["2123456791"]}]}\n')],
        ["warning:impossible-organisation"],
    ),
    Mistake(
        "ovo-short",
        "a digit of an OVO code is lost",
        [_rule("  - {id: one, match: {path: /een/**}, require: [organisation: {any_of: [OVO01234]}]}\n")],
        ["warning:impossible-organisation"],
    ),
    Mistake(
        "ovo-zero",
        "an OVO code with zeros for letters",
        [_rule("  - {id: one, match: {path: /een/**}, require: [organisation: {any_of: [0V0001234]}]}\n")],
        ["warning:impossible-organisation"],
    ),
    Mistake(
        "name-as-code",
        "an organisation's name in the place of its code",
        [_rule("  - {id: one, match: {path: /een/**}, require: [organisation: {any_of: [OVAM]}]}\n")],
        ["warning:impossible-organisation"],
    ),
    Mistake(
        "person-as-organisation",
        "a national number in the place of a KBO number",
        [
            _rule(
                '  - {id: one, match: {path: /een/**}, require: [organisation: {any_of: ["85031512369"]}]}\n'
            )
        ],
        ["warning:impossible-organisation"],
    ),
    Mistake(
        "bis-typo",
        "a digit of a BIS number is mistyped",
        [
            ("claims: [ovam_rol_3d]}\n", "claims: [ovam_rol_3d]}\n  claims: {extra: [rrn]}\n"),
            _rule(
                '  - {id: one, match: {path: /een/**}, require: [claim: {name: rrn, equals: "90450500118"}]}\n'
            ),
        ],
        ["warning:impossible-person"],
    ),
    Mistake(
        "doelgroep-typo",
        "a doelgroep that ACM doesn't have",
        [_rule("  - {id: one, match: {path: /een/**}, require: [organisation: {doelgroep: [GDI]}]}\n")],
        ["warning:unknown-doelgroep"],
    ),
    Mistake(
        "doelgroep-name",
        "the name of a doelgroep in the place of its code",
        [
            _rule(
                "  - {id: one, match: {path: /een/**}, require: [organisation: {doelgroep: [Lokale besturen]}]}\n"
            )
        ],
        ["warning:unknown-doelgroep"],
    ),
    Mistake(
        "method-typo",
        "an authentication method is mistyped",
        [_rule("  - {id: one, match: {path: /een/**}, require: [assurance: {any_of: [itsmee]}]}\n")],
        ["error:unknown authentication method 'itsmee'; did you mean 'itsme'?"],
    ),
)
PATHS = (
    Mistake(
        "path-parameter",
        "a path with a semicolon, which no request can have",
        [_rule("  - {id: one, match: {path: /a;b}, require: [authenticated]}\n")],
        ["warning:impossible-path"],
    ),
    Mistake(
        "path-backslash",
        "a path with a backslash",
        [_rule("  - {id: one, match: {path: '/ncr\\beheer/**'}, require: [authenticated]}\n")],
        ["warning:impossible-path"],
    ),
    Mistake(
        "path-encoded",
        "a path as it stands in the address bar, with percent signs",
        [_rule("  - {id: one, match: {path: /a%20b}, require: [authenticated]}\n")],
        ["error:write the decoded text"],
    ),
    Mistake(
        "path-query",
        "a path with a query",
        [_rule('  - {id: one, match: {path: "/zoek?x=1"}, require: [authenticated]}\n')],
        ["error:a path has no query"],
    ),
    Mistake(
        "path-express",
        "a variable as other tools write it",
        [_rule('  - {id: one, match: {path: "/meldingen/:id"}, require: [authenticated]}\n')],
        ["warning:other-style"],
    ),
    Mistake(
        "path-regex",
        "a regular expression as a path",
        [_rule('  - {id: one, match: {path: "/meldingen/[0-9]+"}, require: [authenticated]}\n')],
        ["warning:other-style"],
    ),
    Mistake(
        "own-path",
        "a rule for a path of the gateway itself",
        [_rule("  - {id: one, match: {path: /oauth2/**}, require: [anyone]}\n")],
        ["warning:own-path"],
    ),
    Mistake(
        "path-case",
        "a path in other capitals beside a rule that exists",
        [_rule("  - {id: one, match: {path: /NCR/opladen.xhtml}, require: [authenticated]}\n")],
        ["warning:case-variants"],
    ),
    Mistake(
        "windows-pages",
        "pages of a server that doesn't tell capitals from small letters",
        [_rule("  - {id: one, match: {path: /beheer/Default.aspx}, require: [authenticated]}\n")],
        ["warning:case-backend"],
    ),
    Mistake(
        "rule-after-all",
        "a rule is added after the one that takes everything",
        [
            (
                _LAST_RULE,
                f"  - {{id: late, match: {{path: /help/**}}, require: [authenticated]}}\n{_LAST_RULE}",
            )
        ],
        ["warning:unreachable"],
    ),
    Mistake(
        "one-star",
        "one star in the place of two",
        [_rule("  - {id: one, match: {path: /help/*}, require: [authenticated]}\n")],
        ["error:mixes text with {} or *"],
    ),
)
OPENINGS = (
    Mistake(
        "open-top",
        "a rule for everybody at the top",
        [_rule("  - {id: one, match: {path: /**}, require: [anyone]}\n")],
        ["test:nobody gets in", "never:ANY /ncr/bestanden/**", "warning:unreachable"],
    ),
    Mistake(
        "maintenance-top",
        "a rule at the top that closes the site during maintenance, and opens it at all other times",
        [
            _rule(
                "  - {id: one, match: {path: /**}, require: [not: {schedule: {from: 2026-12-24, until: 2026-12-26}}]}\n"
            )
        ],
        [
            "warning:open-on-condition",
            "warning:unreachable",
        ],
    ),
    Mistake(
        "hours-top",
        "opening hours at the top, for one method, for whoever is logged in",
        [
            _rule(
                "  - {id: one, match: {path: /ncr/**, methods: [GET]}, require: [authenticated, schedule: {hours: {mon-fri: 07:00-19:00}}]}\n"
            )
        ],
        ["test:who has no right", "never:newcomer", "warning:open-on-condition"],
    ),
    Mistake(
        "future-top",
        "a rule at the top that opens from a day on, after all tests and this day",
        [
            _rule(
                "  - {id: one, match: {path: /api/**, methods: [POST]}, require: [schedule: {from: 2027-03-01}]}\n"
            )
        ],
        ["test:api-submit|POST /api/v1/meldingen as submitter", "warning:open-on-condition"],
    ),
    Mistake(
        "office-top",
        "the office network opens pages without a login",
        [
            _rule(
                "  - {id: one, match: {path: /ncr/nieuw.xhtml, methods: [GET]}, require: [network: [10.0.0.0/8]]}\n"
            ),
            (_EDGE, f"{_PROXY}{_EDGE}"),
        ],
        ["warning:open-on-condition", "never:"],
    ),
    Mistake(
        "any-for-all",
        "`any` in the place of `all`",
        [
            (
                "          - all:\n              - organisation: {doelgroep: [GID]}\n              - right: {right: lezer}\n\n",
                "          - any:\n              - organisation: {doelgroep: [GID]}\n              - right: {right: lezer}\n\n",
            )
        ],
        ["test:a reader of a company", "diff:register"],
    ),
    Mistake(
        "organisation-dropped",
        "the comparison with the organisation in the path is dropped",
        [('      - organisation: {equals: "{kbo}"}\n', "")],
        ["test:another organisation's files", "diff:own-files"],
    ),
    Mistake(
        "variable-typo",
        "the name of a path variable is mistyped",
        [('organisation: {equals: "{kbo}"}', 'organisation: {equals: "{kbb}"}')],
        ["error:unknown path variable 'kbb'"],
    ),
    Mistake(
        "not-right",
        "`not` around a right, which lets in all others",
        [
            (
                "      - any:\n          - machine: {scopes: [ovam_ncr_indienen]}\n          - right: {right: indiener}\n  - id: api-read",
                "      - any:\n          - machine: {scopes: [ovam_ncr_indienen]}\n          - not: {right: {right: indiener}}\n  - id: api-read",
            )
        ],
        ["test:and write nothing there|POST /api/v1/meldingen as submitter"],
    ),
    Mistake(
        "past-until",
        "the last day of a schedule is last year",
        [
            _rule(
                "  - {id: one, match: {path: /inspectie/**}, require: [right: {right: lezer}, schedule: {until: 2025-12-31}]}\n"
            )
        ],
        ["warning:past-date"],
    ),
    Mistake(
        "future-year",
        "a digit of a year is mistyped",
        [
            _rule(
                "  - {id: one, match: {path: /inspectie/**}, require: [right: {right: lezer}, schedule: {until: 2206-12-31}]}\n"
            )
        ],
        ["warning:far-date"],
    ),
    Mistake(
        "until-before-from",
        "the last day is before the first",
        [
            _rule(
                "  - {id: one, match: {path: /inspectie/**}, require: [schedule: {from: 2027-02-01, until: 2027-01-01}]}\n"
            )
        ],
        ["error:until is before from"],
    ),
    Mistake(
        "old-holidays",
        "the holidays are those of last year",
        [
            _rule(
                "  - {id: one, match: {path: /loket/**}, require: [authenticated, schedule: {closed: [2025-12-25]}]}\n"
            )
        ],
        ["warning:past-date"],
    ),
)
NETWORKS = (
    Mistake(
        "proxy-missing",
        "`network` behind a proxy that is not trusted",
        [
            _HTTPS,
            _rule(
                "  - {id: one, match: {path: /kantoor/**}, require: [authenticated, network: [10.0.0.0/8]]}\n"
            ),
        ],
        ["warning:proxy-not-trusted"],
    ),
    Mistake(
        "front-everybody",
        "everybody may ask as a front",
        [
            (
                _EDGE,
                f"    fronts: {{x: {{listen: 127.0.0.1:8003, dialect: nginx, peers: [0.0.0.0/0]}}}}\n{_EDGE}",
            )
        ],
        ["error:holds much more than your fronts"],
    ),
    Mistake(
        "front-not-trusted",
        "a front is no trusted proxy",
        [
            (
                _EDGE,
                f"    fronts: {{x: {{listen: 127.0.0.1:8003, dialect: nginx, peers: [192.0.2.7]}}}}\n{_EDGE}",
            )
        ],
        ["warning:front-not-trusted"],
    ),
    Mistake(
        "pdp-without-credential",
        "a decision point is asked without a credential",
        [
            (
                "\nrules:\n",
                "\nrules:\n  - id: pdp\n    match: {path: /pdp/**}\n    require:\n      - remote: {protocol: authzen,"
                " url: 'https://pdp.example.be'}\n",
            )
        ],
        ["warning:pdp-without-credential"],
    ),
    Mistake(
        "authzen-nobody",
        "a decision point whose caller has no credential",
        [
            (
                "register: {bearer: [file:secrets/ti/register.token]}",
                "register: {}",
            )
        ],
        ["error:give the caller a credential"],
    ),
    Mistake(
        "authzen-plain",
        "a decision point that all of the network reaches, without TLS",
        [
            (
                "      listen: 127.0.0.1:8002\n      url: http://localhost:8002\n",
                "      listen: 0.0.0.0:8002\n      url: https://pdp.test\n",
            )
        ],
        ["warning:authzen-plain"],
    ),
    Mistake(
        "trust-everybody",
        "every address is trusted as a proxy",
        [(_EDGE, f"    edge: {{trusted_proxies: [0.0.0.0/0]}}\n{_EDGE}")],
        ["warning:wide-proxy"],
    ),
    Mistake(
        "trust-everybody-in-parts",
        "every address is trusted, as two halves",
        [(_EDGE, f"    edge: {{trusted_proxies: [0.0.0.0/1, 128.0.0.0/1]}}\n{_EDGE}")],
        ["warning:wide-proxy"],
    ),
    Mistake(
        "trust-ipv6",
        "every IPv6 address is trusted as a proxy",
        [(_EDGE, f'    edge: {{trusted_proxies: ["::/0"]}}\n{_EDGE}')],
        ["warning:wide-proxy"],
    ),
    Mistake(
        "office-trusted",
        "the office is trusted as a proxy, and a rule asks for the office",
        [
            (_EDGE, f"    edge: {{trusted_proxies: [10.0.0.0/16]}}\n{_EDGE}"),
            _rule(
                "  - {id: one, match: {path: /kantoor/**}, require: [authenticated, network: [10.0.4.0/24]]}\n"
            ),
        ],
        ["warning:trusted-network"],
    ),
    Mistake(
        "network-of-all",
        "a network that is the whole internet",
        [
            (_EDGE, f"{_PROXY}{_EDGE}"),
            _rule(
                "  - {id: one, match: {path: /kantoor/**}, require: [authenticated, network: [0.0.0.0/0]]}\n"
            ),
        ],
        ["warning:wide-network"],
    ),
    Mistake(
        "host-bits",
        "a network whose address has host bits",
        [_rule("  - {id: one, match: {path: /kantoor/**}, require: [network: [10.0.0.1/8]]}\n")],
        ["error:has host bits set"],
    ),
    Mistake(
        "host-star",
        "a star in a host name of the environment",
        [(_EDGE, f'    edge: {{hosts: ["*.example.be"]}}\n{_EDGE}')],
        ["error:is not a host name"],
    ),
    Mistake(
        "host-url",
        "an address in the place of a host name",
        [(_EDGE, f'    edge: {{hosts: ["https://x.example.be"]}}\n{_EDGE}')],
        ["error:is not a host name"],
    ),
)
CLAIMS = (
    Mistake(
        "organisation-claim",
        "the claim of the organisation is mistyped",
        [("claims: [ovam_rol_3d]}\n", "claims: [ovam_rol_3d]}\n  claims: {organisation: vo_orgcod}\n")],
        ["test:submitter", "warning:misspelt-claim", "diff:submitter of `people:` loses"],
    ),
    Mistake(
        "other-claim",
        "a claim that exists and means something else",
        [("claims: [ovam_rol_3d]}\n", "claims: [ovam_rol_3d]}\n  claims: {organisation: vo_orgnaam}\n")],
        ["test:submitter"],
    ),
    Mistake(
        "doelgroep-claim",
        "the claim of the doelgroep is that of its name",
        [("claims: [ovam_rol_3d]}\n", "claims: [ovam_rol_3d]}\n  claims: {doelgroep: vo_doelgroepnaam}\n")],
        ["test:ovam-reader", "diff:ovam-reader of `people:` loses"],
    ),
    Mistake(
        "role-claim",
        "the role claim is mistyped",
        [("claims: [ovam_rol_3d]", "claims: [ovan_rol_3d]")],
        ["test:submitter", "warning:misspelt-claim"],
    ),
    Mistake(
        "role-claim-form",
        "the role claim in another form",
        [("claims: [ovam_rol_3d]", "claims: [ovam_rol_3D]")],
        ["test:submitter", "warning:misspelt-claim"],
    ),
    Mistake(
        "claim-not-kept",
        "a rule looks at a claim that is not kept",
        [_rule("  - {id: one, match: {path: /een/**}, require: [claim: {name: vo_id, exists: true}]}\n")],
        ["warning:claim-not-kept"],
    ),
    Mistake(
        "scope-missing",
        "the scope of the role claim is not requested",
        [
            (
                "      issuer: http://localhost:8010/op\n      client_id: 5b0c3a52-6f0e-4f0a-9d53-0f5a1c7be001\n      client_auth: {method: private_key_jwt, key: file:secrets/ti/client.pem}\n      scopes: [openid, profile, vo, ovam]",
                "      issuer: http://localhost:8010/op\n      client_id: 5b0c3a52-6f0e-4f0a-9d53-0f5a1c7be001\n      client_auth: {method: private_key_jwt, key: file:secrets/ti/client.pem}\n      scopes: [openid, profile, vo]",
            )
        ],
        ["warning:scope-not-asked", "diff:provider.scopes"],
    ),
)
SUITES = (
    Mistake(
        "scope-typo",
        "a scope of a program is mistyped in a rule",
        [("machine: {scopes: [ovam_ncr_indienen]}", "machine: {scopes: [ovam_ncr_indiene]}")],
        ["test:programs report", "warning:unproven-scope"],
    ),
    Mistake(
        "ovo-swapped",
        "two digits of an OVO code changed places",
        [_rule("  - {id: one, match: {path: /een/**}, require: [organisation: {any_of: [OVO001243]}]}\n")],
        ["warning:nearly-an-organisation"],
    ),
    Mistake(
        "braces-forgotten",
        "the braces around a path variable are forgotten",
        [('organisation: {equals: "{kbo}"}', 'organisation: {equals: "kbo"}')],
        ["test:own-files|GET /ncr/bestanden", "warning:impossible-organisation"],
    ),
    Mistake(
        "doelgroep-as-code",
        "a doelgroep in the place of an organisation's code",
        [_rule("  - {id: one, match: {path: /een/**}, require: [organisation: {any_of: [GID]}]}\n")],
        ["warning:impossible-organisation"],
    ),
    Mistake(
        "tab",
        "a tab in the place of spaces",
        [("  - id: echo\n", "\t- id: echo\n")],
        ["error:this is not YAML"],
    ),
    Mistake(
        "key-twice",
        "a key is pasted a second time",
        [("\nrules:\n", "\nrights: {}\nrules:\n")],
        ["error:is given twice"],
    ),
    Mistake(
        "hours-turned",
        "opening hours that end before they begin",
        [
            _rule(
                "  - {id: one, match: {path: /een/**}, require: [schedule: {hours: {mon-fri: 18:00-08:00}}]}\n"
            )
        ],
        ["error:18:00-08:00"],
    ),
    Mistake(
        "method-case",
        "a method in small letters",
        [("match: {path: /api/**, methods: [POST]}", "match: {path: /api/**, methods: [post]}")],
        ["error:'post' is not one of"],
    ),
    Mistake(
        "other-host",
        "a rule for a host name that nobody comes by",
        [
            _rule(
                "  - {id: one, match: {path: /een/**, hosts: [register.exmaple.be]}, require: [authenticated]}\n"
            )
        ],
        ["warning:other-host"],
    ),
    Mistake(
        "no-unit",
        "a duration without its unit",
        [("idle_timeout: 30m", "idle_timeout: 30")],
        ["error:write a duration"],
    ),
    Mistake(
        "people-by-name",
        "people hold rights by name, so that tests can't see a mistyped code, and no catalogue",
        [
            ('      ovam_rol_3d: ["OVAMGebruiker-NonConformiteitenIndiener:0428315871"]\n', ""),
            (_SUBMITTER, '    organisation: "0428315871"\n    rights: [indiener]\n    doelgroep: EA\n'),
            ("      vo_orgnaam: Recyclage Demo nv\n      vo_doelgroepcode: EA\n", ""),
            (
                '    acm:\n      vo_orgcode: OVO001234\n      vo_orgnaam: OVAM\n      vo_doelgroepcode: GID\n      ovam_rol_3d: ["OVAMGebruiker-NonConformiteitenLezer:OVO001234"]\n',
                "    organisation: OVO001234\n    doelgroep: GID\n    rights: [lezer]\n",
            ),
            ("catalogue:\n  OVAMGebruiker: [NonConformiteitenIndiener, NonConformiteitenLezer]\n", ""),
        ],
        ["warning:unproven-right"],
    ),
    Mistake(
        "person-kbo",
        "the organisation of a described person cannot exist",
        [(_SUBMITTER, '    acm:\n      vo_orgcode: "0428315872"\n')],
        ["test:submitter", "warning:impossible-organisation"],
    ),
    Mistake(
        "person-claim",
        "a claim of a described person is mistyped",
        [(_SUBMITTER, '    acm:\n      vo_orgcod: "0428315871"\n')],
        ["test:submitter", "warning:misspelt-claim"],
    ),
    Mistake(
        "person-element",
        "a right of a described person lacks its organisation",
        [('["OVAMGebruiker-NonConformiteitenLezer:OVO001234"]', '["OVAMGebruiker-NonConformiteitenLezer"]')],
        ["test:ovam-reader", "warning:not-a-right"],
    ),
    Mistake(
        "person-method",
        "an authentication method of a described person is mistyped",
        [(_SUBMITTER, f'{_SUBMITTER}      acr: "urn:be:vlaanderen:authmech:itsmee"\n')],
        ["warning:unknown-acr"],
    ),
    Mistake(
        "never-typo",
        "the path of an invariant is mistyped, so that nothing breaks it",
        [("  - request: ANY /ncr/bestanden/**", "  - request: ANY /ncr/bestandn/**")],
        ["warning:nearly-a-rule"],
    ),
    Mistake(
        "never-impossible",
        "an invariant about a path that no request can have",
        [("  - request: ANY /ncr/bestanden/**", '  - request: "ANY /ncr\\\\bestanden/**"')],
        ["warning:idle-never"],
    ),
    Mistake(
        "test-typo",
        "the path of a test that expects a refusal is mistyped",
        [
            (
                "    request: GET /ncr/bestanden/0456789034/januari.csv\n    expect: deny\n    missing: [organisation]",
                "    request: GET /ncr/bestandn/0456789034/januari.csv\n    expect: deny",
            )
        ],
        ["test:another organisation's files|warning:nearly-a-rule", "warning:nearly-a-rule"],
    ),
    Mistake(
        "test-rule-typo",
        "a test names a rule that doesn't exist",
        [("    rule: new-report", "    rule: new-raport")],
        ["error:unknown rule 'new-raport'; did you mean 'new-report'?"],
    ),
    Mistake(
        "person-typo",
        "a test names a person that doesn't exist",
        [
            (
                "  - as: newcomer\n    request: GET /echo/headers",
                "  - as: newcommer\n    request: GET /echo/headers",
            )
        ],
        ["error:unknown person 'newcommer'; did you mean 'newcomer'?"],
    ),
    Mistake(
        "claims-and-keys",
        "a person is described twice, by claims and by keys",
        [(_SUBMITTER, f"    doelgroep: EA\n{_SUBMITTER}")],
        ["error:`acm` is all that ACM sends"],
    ),
    Mistake(
        "key-typo",
        "a key of a rule is mistyped",
        [("  - id: echo\n", "  - id: echo\n    methds: [GET]\n")],
        ["error:unknown key 'methds'"],
    ),
    Mistake(
        "no-requirement",
        "a rule requires nothing",
        [_rule("  - {id: one, match: {path: /een/**}, require: []}\n")],
        ["error:this may not be empty"],
    ),
    Mistake(
        "environments-mixed",
        "T&I uses the ACM of PRD",
        [("issuer: http://localhost:8010/op", "issuer: https://authenticatie.vlaanderen.be/op")],
        ["error:this is the ACM of PRD"],
    ),
    Mistake(
        "session-shared",
        "two environments share their session store",
        [("store: sqlite:var/prd.db", "store: sqlite:var/ti.db")],
        ["error:share their store"],
    ),
)

MISTAKES = (*RIGHTS, *CHARACTERS, *CODES, *PATHS, *OPENINGS, *NETWORKS, *CLAIMS, *SUITES)
