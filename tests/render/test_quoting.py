"""No value can end its quotes, in any grammar."""

from __future__ import annotations

import json
import re

import pytest
import yaml

from gateway.render.errors import NotRendered
from gateway.render.quoting import QUOTES, Quoted, plain

HOSTILE = [
    'x"; auth_request off; #', "x'; auth_request off; #", "x; auth_request off;", "$request_uri", "${x}", "x\ny", "x\r", "x\0",
    "\\", '\\"', "{http.request.uri}", "}", "`", "%[env(HOME)]", "%REQ(x)%", "{{ env `X` }}", "]]", "--", "#", " ", "x y",
    "\u2028", "é",
]  # fmt: skip
REFUSES = {
    "nginx": "$",
    "nginx_pattern": "",
    "caddy": "{}",
    "caddy_pattern": "`",
    "haproxy": "'%",
    "lua": "",
    "yaml": "%",
}


@pytest.mark.parametrize("grammar", QUOTES)
@pytest.mark.parametrize("value", HOSTILE)
def test_a_hostile_value_stays_one_value_or_is_refused(grammar: str, value: str) -> None:
    try:
        written = QUOTES[grammar](value)
    except NotRendered:
        assert not value.isprintable() or any(sign in value for sign in [*REFUSES[grammar], "{{"])
        return
    assert not any(sign in value for sign in REFUSES[grammar])
    first, inside, last = written[0], written[1:-1], written[-1]
    assert first == last
    assert "\n" not in written
    # What stands between is the value, and no quote in it ends it.
    bare = inside if first in "'`" else re.sub(r"\\(.)", "", inside)
    assert first not in bare
    if grammar == "yaml":
        assert yaml.safe_load(written) == json.loads(written) == value
    elif first == '"':
        assert re.sub(r"\\(.)", r"\1", inside) == value
    else:
        assert inside == value


def test_only_words_are_printed_without_quotes() -> None:
    assert plain(8000) == "8000"
    assert plain("tgp_ti-x.y:/@[]") == "tgp_ti-x.y:/@[]"
    assert plain(Quoted('"a b"')) == '"a b"'
    for value in HOSTILE:
        if value not in ("--", "]]"):
            with pytest.raises(NotRendered):
                plain(value)
