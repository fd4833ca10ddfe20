"""How texts and lists travel in a header value, and that they come back as they were."""

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.identity.headers import OutgoingHeaders
from gateway.identity.settings import Encoding
from gateway.model import Identity, Right


@pytest.mark.parametrize(
    ("encoding", "text", "value"),
    [
        ("rfc8187", "Jan", b"Jan"),
        ("rfc8187", "Zoë", b"UTF-8''Zo%C3%AB"),
        ("rfc8187", "utf-8''x", b"UTF-8''utf-8%27%27x"),
        ("rfc8187", "a\r\nb", b"UTF-8''a%0D%0Ab"),
        ("base64url", "Zoë", b"Wm_Dqw"),
        ("latin1", "Zoë", "Zoë".encode("latin-1")),
        ("latin1", "Łukasz", None),
        ("latin1", "a\nb", None),
        ("latin1", " a", None),
    ],
)
def test_declared_encodings(encoding: Encoding, text: str, value: bytes | None) -> None:
    lines = OutgoingHeaders({"X-N": "subject"}, encoding=encoding).build(Identity("op", text))
    assert [line[1] for line in lines] == ([] if value is None else [value])


def test_a_list_in_another_encoding_is_decoded_as_a_whole_first() -> None:
    who = Identity("op", "s", rights=(Right("R", "a,ë", "1"), Right("R", "b%", "1")))
    headers = OutgoingHeaders({"X-R": "rights"}, encoding="rfc8187")
    assert headers.build(who) == ((b"x-r", b"UTF-8''R-a%252C%C3%AB%3A1%2CR-b%2525%3A1"),)


texts = st.text().map(lambda text: text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))


@given(st.lists(texts.filter(bool), min_size=1))
def test_percent_encoded_lists_decode_to_what_went_in(elements: list[str]) -> None:
    who = Identity("op", "s", claims={"c": elements})
    ((_, value),) = OutgoingHeaders({"X-C": "claims.c"}).build(who)
    assert all(32 <= octet < 127 for octet in value)
    assert value == value.strip()
    assert [unquote(part, errors="strict") for part in value.decode().split(",")] == elements
