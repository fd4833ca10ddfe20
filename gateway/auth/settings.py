"""Settings of the provider (ACM), of its claims, and of machine clients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from gateway.auth.levels import LEVELS, at_least
from gateway.settings import Duration, SecretRef, Settings

Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"]
Acr = Annotated[str, Field(pattern=r"^[!-~]{1,200}$")]
_LOCAL = frozenset(("localhost", "127.0.0.1", "::1"))


def _issuer(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(
            "write the issuer exactly as the provider states it: https://authenticatie.vlaanderen.be/op"
        )
    if "/.well-known/" in parts.path:
        issuer = value.partition("/.well-known/")[0]
        raise ValueError(f"this is the address of the provider's metadata: the issuer is {issuer}")
    if parts.scheme == "http" and parts.hostname not in _LOCAL:
        raise ValueError("an issuer is reached over https; http is for localhost only")
    return value


# The gateway gives these itself, and judges the answer by them.
_OWN_PARAMETERS = frozenset(
    ["response_type", "response_mode", "client_id", "redirect_uri", "scope", "state", "nonce", "request", "request_uri", "registration", "code", "iss", "code_challenge", "code_challenge_method", "code_verifier", "client_secret", "client_assertion", "client_assertion_type", "id_token_hint"]
)  # fmt: skip
_OWN_SETTINGS = {"acr_values": "provider.acr_values", "max_age": "provider.max_age"}


def _parameters(value: Mapping[str, str]) -> Mapping[str, str]:
    for name, text in value.items():
        if name.lower() in _OWN_SETTINGS:
            raise ValueError(
                f"{name} has a setting of its own, {_OWN_SETTINGS[name.lower()]}: the answer is checked by it"
            )
        if name.lower() in _OWN_PARAMETERS:
            raise ValueError(f"{name} is what the gateway itself sends, so it cannot be set: leave it out")
        if name == "prompt" and "none" in text.split():
            raise ValueError(
                "with `prompt: none` nobody can log in who is not logged in at the provider already"
            )
    return value


def _silent(value: float) -> float:
    if 0.0 < value < 10.0 or value > 3600.0:
        raise ValueError("write 10s to 1h, or 0s for never")
    return value


class LimitSettings(Settings):
    """How often one client, by its network address (for IPv6 a network of 64 bits), may do something.

    Each worker process counts for itself. A client over the limit gets 429 with Retry-After.
    """

    burst: int = Field(default=60, ge=1, le=1_000_000, strict=True)
    """At most this many at once."""

    every: Duration = Field(default=0.5, gt=0.0, le=3600.0)
    """Then one more each time this has passed."""


class PrivateKeyJwt(Settings):
    """Client authentication with a signed JWT (RFC 7523); no secret leaves the machine."""

    method: Literal["private_key_jwt"]
    """The method, as agreed with the provider; it is never guessed from what the provider advertises."""

    key: SecretRef
    """The private key in PEM form (RSA of 2048 bits or more), as file:PATH."""

    algorithm: Literal["RS256", "PS256", "ES256"] = "RS256"
    """The signature algorithm of the JWT."""

    audience: str | None = None
    """The audience of the JWT; ACM wants the issuer, which is the default."""

    announce: Duration | None = Field(default=None, ge=0.0, le=2_592_000.0)
    """For a provider that reads the gateway's public keys at `/oauth2/client-jwks.json`: how long a new key is published
    there before it is used. Without it a new key is used once `gateway keys use` says that the provider has it, as ACM is
    told by hand."""


class ClientSecret(Settings):
    """Client authentication with a secret that the provider issued."""

    method: Literal["client_secret_basic", "client_secret_post"]
    """The method, as agreed with the provider."""

    secret: SecretRef
    """The secret, as env:NAME or file:PATH."""


class LogoutSettings(Settings):
    """How logouts at the provider are asked for."""

    hint: Literal["client_id", "id_token_hint", "both"] = "client_id"
    """How the session to end is identified: ACM wants client_id and does not know id_token_hint. Where there is no ID
    token, or one that is too long for an address, client_id is sent."""


class IssuerSettings(Settings):
    """A signer of tokens: its name, its algorithms, and how its keys are cached."""

    issuer: Annotated[str, AfterValidator(_issuer)]
    """The issuer, letter for letter as the provider states it."""

    algorithms: Annotated[tuple[Algorithm, ...], Field(min_length=1)] = ("RS256",)
    """The accepted signature algorithms. ACM signs with RS256."""

    leeway: Duration = Field(default=30.0, ge=0.0, le=300.0)
    """How far the clocks of the gateway and the provider may differ."""

    timeout: Duration = 5.0
    """How long one call to the provider may take."""

    metadata_lifetime: Duration = 3600.0
    """After how long the provider's metadata and keys are fetched again."""

    keys_interval: Duration = 10.0
    """At most one extra fetch of the keys in this time, for an unknown key id."""

    keys_grace: Duration = 86_400.0
    """How long known keys are still used while the provider cannot be reached."""


class ProviderSettings(IssuerSettings):
    """ACM, as one environment uses it."""

    client_id: Annotated[str, Field(min_length=1)]
    """The client id from the integratiedossier of this environment."""

    client_auth: Annotated[PrivateKeyJwt | ClientSecret, Field(discriminator="method")]
    """How the gateway authenticates to the provider."""

    scopes: tuple[str, ...] = ("openid", "profile", "vo")
    """The requested scopes; `openid` must be among them. ACM refuses a scope that the client was not granted."""

    authorization_parameters: Annotated[
        Mapping[
            Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_.:-]{0,63}$")],
            Annotated[str, Field(pattern=r"^[ -~]{1,500}$")],
        ],
        AfterValidator(_parameters),
    ] = Field(default_factory=dict)
    """Further parameters of the authorization request, as the provider documents them: `prompt`, `ui_locales`, `claims`.
    Not those that the gateway sends itself, such as state, nonce, redirect_uri. Without `ui_locales` the person's
    language is sent; a `login_hint` is sent where a link names no other."""

    acr_values: tuple[Acr, ...] = ()
    """The accepted authentication methods, as URNs; ACM offers no others and must name the one that was used.
    Without it ACM offers all that the client may use, and does not say which one it was."""

    minimum_level: Annotated[int, Field(ge=1)] | None = None
    """Instead of `acr_values`: the lowest level that is accepted, on ACM's scale (25 is eIDAS substantial)."""

    step_up: Literal["explain", "at-once"] = "explain"
    """Where a page needs a stronger login than the one of the session: whether a page says so first, or the browser goes
    to the provider at once."""

    levels: Mapping[Acr, int] = Field(default_factory=lambda: dict(LEVELS))
    """The level of each authentication method, by URN. The default is ACM's table."""

    logout: LogoutSettings = LogoutSettings()
    """How logouts at the provider are asked for."""

    max_age: Duration | None = None
    """How long ago a person may have authenticated; the provider must then say when that was."""

    pushed_authorization: bool = False
    """Whether the authorization request goes to the provider directly and the browser only carries a reference to
    it (PAR, RFC 9126); the provider must have an endpoint for it. ACM has none."""

    silent_check: Annotated[Duration, AfterValidator(_silent)] = 0.0
    """Where a page is denied for want of a right, the provider is asked without a page of its own (`prompt=none`)
    whether the person got it meanwhile: at most once in this time for each session, 10s or more. 0s: never. Only for a
    provider that answers such a request at once, also where nobody is logged in; sessions with a refresh token need it
    not."""

    userinfo: bool = False
    """Whether the userinfo endpoint is asked for claims that the ID token lacks. ACM puts all of them in the token."""

    flow_lifetime: Duration = 600.0
    """How long a login may take from its start to its end."""

    login_limit: LimitSettings = LimitSettings()
    """How many logins one client may begin. Raise it where many people share one address, and set
    `edge.trusted_proxies` where a proxy is in front: otherwise all people are one client."""

    keep_fragment: bool = True
    """Whether the fragment of an address (`#/details/5`) is there again after the login. Browsers with scripts then
    begin the login at a page of the gateway, which hands the fragment over; other clients go straight to the provider."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if "openid" not in self.scopes:
            raise ValueError("`openid` must be among the scopes: without it nobody can log in")
        if self.acr_values and self.minimum_level is not None:
            raise ValueError("write acr_values or minimum_level, not both")
        if self.minimum_level is not None and not self.accepted_methods:
            raise ValueError(f"no authentication method reaches level {self.minimum_level}")
        return self

    @property
    def accepted_methods(self) -> tuple[str, ...]:
        """The accepted authentication methods, as URNs; empty if all are accepted."""
        if self.minimum_level is not None:
            return at_least(self.minimum_level, self.levels)
        return self.acr_values


class RightsSettings(Settings):
    """How the role claim is read: `Right-Context:OrganisationCode` elements (ACM "3D role")."""

    claims: Annotated[tuple[str, ...], Field(min_length=1)] = ("ovam_rol_3d",)
    """The names of the claims with rights; each may be a list or a single text."""


class ClaimSettings(Settings):
    """The names of the claims about the person and the organisation."""

    given_name: str = "given_name"
    """First name."""

    family_name: str = "family_name"
    """Surname."""

    email: str = "vo_email"
    """Work e-mail address; ACM may add `:` and the organisation's code, which is cut off."""

    phone: str = "phone_number"
    """Work telephone number; treated like the e-mail address."""

    doelgroep: str = "vo_doelgroepcode"
    """The group that the person logged in for: GID, EA, LB, OV, BUR, VER."""

    organisation: str = "vo_orgcode"
    """The code of the organisation that was chosen."""

    organisation_name: str = "vo_orgnaam"
    """Its name."""

    extra: tuple[str, ...] = ()
    """Further claims to keep, for `claims.NAME` in headers and for the policy `claim`."""


class IntrospectionSettings(Settings):
    """Opaque access tokens: the environment's provider is asked about them (RFC 7662)."""

    client_id: Annotated[str, Field(min_length=1)]
    """The client id of this API at the provider."""

    client_auth: Annotated[PrivateKeyJwt | ClientSecret, Field(discriminator="method")]
    """How the gateway authenticates to the provider as this API."""

    audience: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    """The accepted audiences of a token; the client id if empty."""

    require_audience: bool = True
    """Whether the answer must name an audience (`aud`, which RFC 7662 leaves to the provider). With false an answer
    without one is accepted too: only for a provider that tells an API nothing about tokens for another. An audience
    that is named must be accepted all the same."""

    cache: Duration = Field(default=60.0, ge=0.0, le=300.0)
    """How long an answer is cached, never beyond the end of the token: a revocation is seen at most this late."""

    negative_cache: Duration = Field(default=5.0, ge=0.0, le=60.0)
    """How long it is cached that a token is not active."""

    refused_limit: LimitSettings = LimitSettings(burst=30, every=1.0)
    """How many tokens of one client may turn out not to be valid; beyond that the provider is not asked. A token
    that was valid a moment ago is always asked about."""

    max_concurrency: Annotated[int, Field(ge=1, le=1_000, strict=True)] = 32
    """How many questions to the provider may be under way at once, from one worker process. Four times as many wait
    for their turn; beyond that the answer is 503 with Retry-After."""


class TokenIssuerSettings(IssuerSettings):
    """An issuer of access tokens that are signed JWTs (RFC 9068)."""

    audience: Annotated[str, Field(min_length=1)]
    """The required audience of a token: the name of this API at that issuer."""

    cache: Duration = Field(default=60.0, ge=0.0, le=300.0)
    """How long a verified token is cached, never beyond its end."""


class MachineSettings(Settings):
    """Machine clients, with a bearer token instead of a session."""

    introspection: IntrospectionSettings | None = None
    """Opaque tokens of the environment's provider."""

    issuers: tuple[TokenIssuerSettings, ...] = ()
    """Issuers whose signed access tokens are accepted."""

    organisation: str = "vo_orgcode"
    """The claim with the code of the organisation that the client acts for."""

    organisation_name: str = "vo_orgnaam"
    """The claim with its name."""

    person: str = "vo_id"
    """A claim that only tokens of people have: those are refused, because people log in."""

    extra: tuple[str, ...] = ("client_id", "vo_applicatienaam")
    """Further claims to keep, for `claims.NAME` in headers and for the policy `claim`."""

    forward_authorization: bool = False
    """Whether the access token is forwarded to the register."""

    cache_size: int = Field(default=10_000, ge=1, le=1_000_000, strict=True)
    """How many tokens one worker process caches."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.introspection is None and not self.issuers:
            raise ValueError(
                "give introspection, issuers or both; leave out `machines` if no machine client may come"
            )
        names = [each.issuer for each in self.issuers]
        if len(set(names)) != len(names):
            raise ValueError("an issuer is listed twice")
        return self
