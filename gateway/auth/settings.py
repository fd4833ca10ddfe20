"""What an operator can set about the provider (ACM) and about reading its claims. It knows nothing of sessions."""

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
    if parts.scheme == "http" and parts.hostname not in _LOCAL:
        raise ValueError("an issuer is reached over https; http is for localhost only")
    return value


class PrivateKeyJwt(Settings):
    """The gateway proves itself with a signed statement (RFC 7523); nothing secret leaves the machine."""

    method: Literal["private_key_jwt"]
    """The method, as agreed with the provider; it is never guessed from what the provider advertises."""

    key: SecretRef
    """The private key in PEM form (RSA of 2048 bits or more), as file:PATH."""

    algorithm: Literal["RS256", "PS256", "ES256"] = "RS256"
    """How the statement is signed."""

    audience: str | None = None
    """For whom the statement is; ACM wants the issuer, which is the default."""


class ClientSecret(Settings):
    """The gateway proves itself with a secret that the provider handed out."""

    method: Literal["client_secret_basic", "client_secret_post"]
    """The method, as agreed with the provider."""

    secret: SecretRef
    """The secret, as env:NAME or file:PATH."""


class LogoutSettings(Settings):
    """How logouts at the provider are asked for."""

    hint: Literal["client_id", "id_token_hint"] = "client_id"
    """How the session to end is named: ACM wants client_id and knows no id_token_hint."""


class IssuerSettings(Settings):
    """Whoever signs tokens: under which name, with what, and how its keys are kept."""

    issuer: Annotated[str, AfterValidator(_issuer)]
    """The issuer, letter for letter as the provider states it."""

    algorithms: Annotated[tuple[Algorithm, ...], Field(min_length=1)] = ("RS256",)
    """The signature algorithms that are believed. ACM signs with RS256."""

    leeway: Duration = Field(default=30.0, ge=0.0, le=300.0)
    """How far the clocks of the gateway and the provider may differ."""

    timeout: Duration = 5.0
    """How long one call to the provider may take."""

    metadata_lifetime: Duration = 3600.0
    """After how long the provider's metadata and keys are fetched again."""

    keys_interval: Duration = 10.0
    """At most one extra fetch of the keys in this time, for a key id that nobody knows."""

    keys_grace: Duration = 86_400.0
    """How long known keys are believed while the provider cannot be reached."""


class ProviderSettings(IssuerSettings):
    """ACM, as one environment uses it."""

    client_id: Annotated[str, Field(min_length=1)]
    """The client id from the integratiedossier of this environment."""

    client_auth: Annotated[PrivateKeyJwt | ClientSecret, Field(discriminator="method")]
    """How the gateway proves to the provider who it is."""

    scopes: tuple[str, ...] = ("openid", "profile", "vo")
    """What is asked for; `openid` must be among them. ACM refuses a scope that the client was not granted."""

    acr_values: tuple[Acr, ...] = ()
    """The ways to log in that are accepted, as URNs; ACM offers no others and must name the one that was used.
    Without it ACM offers all that the client may use, and does not tell which one it was."""

    minimum_level: Annotated[int, Field(ge=1)] | None = None
    """Instead of `acr_values`: the lowest level that is accepted, on ACM's scale (25 is eIDAS substantial)."""

    levels: Mapping[Acr, int] = Field(default_factory=lambda: dict(LEVELS))
    """The level of each way to log in, by URN. The default is ACM's table."""

    logout: LogoutSettings = LogoutSettings()
    """How logouts at the provider are asked for."""

    max_age: Duration | None = None
    """How long ago somebody may have proved who they are; then the provider must say when that was."""

    pushed_authorization: bool = False
    """Whether the authorization request goes to the provider directly and the browser carries only a reference to
    it (PAR, RFC 9126); the provider must have an endpoint for it. ACM has none."""

    userinfo: bool = False
    """Whether the userinfo endpoint is asked for claims that the ID token does not hold. ACM puts all in the token."""

    flow_lifetime: Duration = 600.0
    """How long a login may take from its start to its end."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if "openid" not in self.scopes:
            raise ValueError("`openid` must be among the scopes: without it there is no login")
        if self.acr_values and self.minimum_level is not None:
            raise ValueError("write acr_values or minimum_level, not both")
        if self.minimum_level is not None and not self.accepted_methods:
            raise ValueError(f"no way to log in reaches level {self.minimum_level}")
        return self

    @property
    def accepted_methods(self) -> tuple[str, ...]:
        """The ways to log in that every login is held to, as URNs; none where all are accepted."""
        if self.minimum_level is not None:
            return at_least(self.minimum_level, self.levels)
        return self.acr_values


class RightsSettings(Settings):
    """How the role claim is read: `Right-Context:OrganisationCode` elements (ACM "3D role")."""

    claims: Annotated[tuple[str, ...], Field(min_length=1)] = ("ovam_rol_3d",)
    """The names of the claims that hold rights; each may be a list or a single text."""


class ClaimSettings(Settings):
    """Which claim holds what about the person and the organisation."""

    given_name: str = "given_name"
    """First name."""

    family_name: str = "family_name"
    """Surname."""

    email: str = "vo_email"
    """Work e-mail address; ACM may add `:` and the organisation's code, which is cut off."""

    phone: str = "phone_number"
    """Work telephone number; treated like the e-mail address."""

    doelgroep: str = "vo_doelgroepcode"
    """The group that the person logged in for: GID, EA, LB, OV, BUR."""

    organisation: str = "vo_orgcode"
    """The code of the organisation that was chosen."""

    organisation_name: str = "vo_orgnaam"
    """Its name."""

    extra: tuple[str, ...] = ()
    """Further claims to keep, for `claims.NAME` in headers and for the policy `claim`."""


class IntrospectionSettings(Settings):
    """Opaque access tokens: the provider of the environment is asked what they stand for (RFC 7662)."""

    client_id: Annotated[str, Field(min_length=1)]
    """The client id that the provider knows this API by."""

    client_auth: Annotated[PrivateKeyJwt | ClientSecret, Field(discriminator="method")]
    """How the gateway proves to the provider that it is this API."""

    audience: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    """For whom a token must be, one of these; the client id where nothing is written."""

    cache: Duration = Field(default=60.0, ge=0.0, le=300.0)
    """How long an answer is remembered, and never beyond the end of the token: the bound for a late revocation."""

    negative_cache: Duration = Field(default=5.0, ge=0.0, le=60.0)
    """How long is remembered that a token is not active."""


class TokenIssuerSettings(IssuerSettings):
    """An issuer of access tokens that are signed JWTs (RFC 9068)."""

    audience: Annotated[str, Field(min_length=1)]
    """For whom a token must be: the name of this API at that issuer."""

    cache: Duration = Field(default=60.0, ge=0.0, le=300.0)
    """How long a token that was verified is remembered, and never beyond its end."""


class MachineSettings(Settings):
    """Programs that come with a bearer token instead of a session."""

    introspection: IntrospectionSettings | None = None
    """Opaque tokens of the environment's provider."""

    issuers: tuple[TokenIssuerSettings, ...] = ()
    """Issuers whose signed access tokens are believed."""

    organisation: str = "vo_orgcode"
    """The claim with the code of the organisation that the client acts for."""

    organisation_name: str = "vo_orgnaam"
    """The claim with its name."""

    person: str = "vo_id"
    """A claim that only tokens of people hold: those are refused here, for people log in."""

    extra: tuple[str, ...] = ("client_id", "vo_applicatienaam")
    """Further claims to keep, for `claims.NAME` in headers and for the policy `claim`."""

    forward_authorization: bool = False
    """Whether the register gets to see the access token that the gateway judged."""

    cache_size: int = Field(default=10_000, ge=1, le=1_000_000, strict=True)
    """How many tokens one worker process remembers."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.introspection is None and not self.issuers:
            raise ValueError(
                "give introspection, issuers or both; leave out `machines` where no program may come"
            )
        names = [each.issuer for each in self.issuers]
        if len(set(names)) != len(names):
            raise ValueError("an issuer stands twice among the issuers")
        return self
