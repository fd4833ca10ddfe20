"""The signed statement of who asks, checked as a register would check it."""

import base64
import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jwt
from joserfc.errors import BadSignatureError
from joserfc.jwk import KeySet, thumbprint

from gateway.identity.assertions import Assertions
from gateway.identity.settings import AssertionSettings
from gateway.model import Identity
from gateway.settings import Secret
from tests.identity.conftest import Key

pytestmark = pytest.mark.anyio
Keep = Callable[[str, Key], Secret]


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


async def started(
    clock: Clock, key: Secret, *previous: Secret, environment: str = "ti", rights: bool = True
) -> Assertions:
    assertions = Assertions(
        AssertionSettings(key=key, previous=previous, rights=rights),
        environment=environment,
        issuer="http://localhost:8000",
        audience="http://localhost:8020",
        clock=clock,
    )
    await assertions.start()
    return assertions


async def test_a_register_can_check_it_with_the_published_keys(
    clock: Clock, keep: Keep, indiener: Identity
) -> None:
    assertions = await started(clock, keep("a.pem", ec.generate_private_key(ec.SECP256R1())))
    keys = KeySet.import_key_set(assertions.jwks())  # type: ignore[arg-type]
    token = jwt.decode(assertions.sign(indiener, "s1"), keys, algorithms=["ES256"])
    (shown,) = assertions.jwks()["keys"]
    assert token.header == {"alg": "ES256", "kid": shown["kid"], "typ": "JWT"}
    assert shown["kid"] == thumbprint({name: shown[name] for name in ("kty", "crv", "x", "y")})
    assert set(shown) == {"kty", "crv", "x", "y", "kid", "use", "alg"}
    jti = token.claims.pop("jti")
    assert len(jti) >= 20
    assert token.claims == {
        "iss": "http://localhost:8000",
        "aud": "http://localhost:8020",
        "env": "ti",
        "sub": "f3a1c9",
        "kind": "person",
        "name": "Zoë Peeters",
        "doelgroep": "EA",
        "organisation": {"code": "0456789034", "name": "Containerdienst Peeters nv"},
        "rights": ["OVAMGebruiker-NonConformiteitenIndiener:0456789034", "Anders:0456789034"],
        "acr": "urn:be:vlaanderen:acm:eid",
        "iat": 1_800_000_000,
        "exp": 1_800_000_060,
    }


async def test_rsa_keys_sign_rs256_and_previous_keys_stay_published(
    clock: Clock, keep: Keep, indiener: Identity
) -> None:
    old = keep("old.pem", ec.generate_private_key(ec.SECP256R1()))
    before = await started(clock, old)
    token = before.sign(indiener, "s1")
    after = await started(
        clock, keep("new.pem", rsa.generate_private_key(65537, 2048)), old, old, environment="ti"
    )
    keys = after.jwks()["keys"]
    assert [key["alg"] for key in keys] == ["RS256", "ES256"]
    assert not any(set(key) & {"d", "p", "q", "dp", "dq", "qi", "k"} for key in keys)
    published = KeySet.import_key_set(after.jwks())  # type: ignore[arg-type]
    assert jwt.decode(token, published, algorithms=["ES256", "RS256"]).claims["sub"] == "f3a1c9"
    fresh = jwt.decode(after.sign(indiener, "s1"), published, algorithms=["ES256", "RS256"])
    assert fresh.header["alg"] == "RS256"
    with pytest.raises(BadSignatureError):
        signed, _, signature = token.rpartition(".")
        jwt.decode(f"{signed}.{signature[::-1]}", published, algorithms=["ES256"])


async def test_signed_once_for_half_its_life_per_session_and_identity(
    clock: Clock, keep: Keep, indiener: Identity
) -> None:
    assertions = await started(clock, keep("a.pem", ec.generate_private_key(ec.SECP256R1())))
    first = assertions.sign(indiener, "s1")
    clock.now += 29
    assert assertions.sign(replace(indiener), "s1") == first
    assert assertions.sign(indiener, "s2") != first
    assert assertions.sign(replace(indiener, doelgroep="GID"), "s1") != first
    clock.now += 31
    late = assertions.sign(indiener, "s1")
    assert late != first
    payload = json.loads(base64.urlsafe_b64decode(late.split(".")[1] + "=="))
    assert payload["exp"] == clock.now + 60


async def test_rights_can_be_left_out(clock: Clock, keep: Keep, indiener: Identity) -> None:
    key = keep("a.pem", ec.generate_private_key(ec.SECP256R1()))
    whole, short = await started(clock, key), await started(clock, key, rights=False)
    claims = json.loads(base64.urlsafe_b64decode(short.sign(indiener, "s1").split(".")[1] + "=="))
    assert "rights" not in claims
    assert claims["sub"] == "f3a1c9"
    assert short.size(indiener) < whole.size(indiener)


@pytest.mark.parametrize(
    "make", [lambda: ec.generate_private_key(ec.SECP256R1()), lambda: rsa.generate_private_key(65537, 2048)]
)
async def test_the_size_is_known_without_signing(
    clock: Clock, keep: Keep, indiener: Identity, make: Callable[[], Key]
) -> None:
    assertions = await started(clock, keep("a.pem", make()))
    assert abs(assertions.size(indiener) - len(assertions.sign(indiener, "s1"))) <= 1
    await assertions.aclose()
    assert assertions.size(indiener) == 0


async def test_nothing_is_signed_before_start_and_after_close(
    clock: Clock, keep: Keep, indiener: Identity
) -> None:
    assertions = await started(clock, keep("a.pem", ec.generate_private_key(ec.SECP256R1())))
    assertions.sign(indiener, "s1")
    await assertions.aclose()
    with pytest.raises(RuntimeError, match="start"):
        assertions.sign(indiener, "s1")


async def test_keys_that_cannot_sign_are_refused_with_words_for_an_operator(clock: Clock, keep: Keep) -> None:
    fine = ec.generate_private_key(ec.SECP256R1())
    public = keep("public.pem", fine)
    assert public.path is not None
    public.path.write_bytes(fine.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    with pytest.raises(ValueError, match="public key; signing needs the private one"):
        await started(clock, public)
    assert (await started(clock, keep("fine.pem", fine), public)).jwks()["keys"]
    with pytest.raises(ValueError, match="EC P-256, or RSA"):
        await started(clock, keep("p384.pem", ec.generate_private_key(ec.SECP384R1())))
    public.path.write_bytes(b"hello")
    with pytest.raises(ValueError, match="not a key in PEM form"):
        await started(clock, public)
    with pytest.raises(ValueError, match="gateway keys generate"):
        await started(clock, Secret("file:gone.pem", public.folder))
