"""The difference between two rule sets as an operator reads it."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.analysis.change import OTHER_METHOD
from gateway.analysis.diff import Side, compare
from gateway.analysis.diff_report import as_data
from gateway.http_semantics import METHODS
from tests.analysis.test_diff import INDIENER, OWN, difference
from tests.policy.conftest import rule_set


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ([("a", "/**", ["anyone"])], [("b", "/**", ["anyone"])], []),
        (
            [("a", "/x/{kbo}", [INDIENER, OWN])],
            [("a", "/x/{kbo}", [INDIENER])],
            [
                "+ GAINS ANY /x/{kbo}",
                "    decided by rule 'a'; such as /x/xx1",
                "    + somebody with right indiener, for another organisation",
            ],
        ),
        (
            [("a", "/**", ["authenticated"])],
            [("b", "/x/**", ["anyone"], {"GET"}), ("a", "/**", ["authenticated"])],
            [
                "+ GAINS GET /x/**",
                "    decided by rule 'a' before, by rule 'b' now; such as /x",
                "    + nobody (not logged in)",
            ],
        ),
        (
            [("a", "/x/{kbo}", [{"organisation": {"any_of": ["OVO1"]}}])],
            [("a", "/x/{kbo}", [OWN])],
            [
                "- LOSES ANY /x/{kbo} (other than {kbo} = OVO1)",
                "    decided by rule 'a'; such as /x/xx1",
                "    - somebody for OVO1",
                "+ GAINS ANY /x/{kbo} (other than {kbo} = OVO1)",
                "    decided by rule 'a'; such as /x/xx1",
                "    + somebody for {kbo}",
            ],
        ),
        (
            [("a", "/a", ["anyone"])],
            [("b", "/b", [{"organisation": {"any_of": ["0456789034", "OVO1"], "doelgroep": ["GID"]}}])],
            [
                "- LOSES ANY /a",
                "    decided by rule 'a' before, by no rule now; such as /a",
                "    - anyone, logged in or not",
                "+ GAINS ANY /b",
                "    decided by no rule before, by rule 'b' now; such as /b",
                "    + somebody not for another organisation, in doelgroep GID",
            ],
        ),
    ],
)
def test_as_text(old: list[Any], new: list[Any], words: list[str]) -> None:
    assert difference(rule_set(*old), rule_set(*new)) == words


def test_as_data() -> None:
    old, new = rule_set(("a", "/**", [INDIENER])), rule_set(("a", "/**", ["authenticated"]))
    (found,) = as_data(compare(Side(old, "gw.test"), Side(new, "gw.test")))
    assert found["methods"] == [*METHODS, OTHER_METHOD]
    assert (found["path"], found["partly"], found["loses"]) == ("/**", False, [])
    assert found["gains"] == [
        {
            "words": "somebody without right indiener",
            "logged_in": True,
            "only": [{"fact": "rights", "name": "OVAMGebruiker-Indiener", "is": ["without right indiener"]}],
        }
    ]
