"""Where policies come from, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.plugin.discovery import PluginError, load_policies

GOOD = '''
from gateway.plugin import Allow, Facts, Policy, Verdict
class {cls}(Policy, name="{name}"):
    """Holds."""
    def decide(self, facts: Facts) -> Verdict:
        return Allow()
'''


def test_the_shipped_policies() -> None:
    root = Path(__file__).parent.parent.parent
    by_folder = load_policies(["./plugins"], root)
    assert set(by_folder) == {
        "all", "any", "anyone", "assurance", "authenticated", "claim", "machine", "network", "not", "organisation",
        "rate", "remote", "right", "schedule",
    }  # fmt: skip
    assert set(load_policies(["plugins"], root)) == set(by_folder)
    for policy in by_folder.values():
        assert policy.__doc__


def test_a_folder_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/yes.py").write_text(GOOD.format(cls="Yes", name="yes"))
    assert set(load_policies(["./mine", "plugins"], tmp_path)) >= {"yes", "right"}


@pytest.mark.parametrize(
    ("files", "words"),
    [
        (
            {"a.py": GOOD.format(cls="A", name="x"), "b.py": GOOD.format(cls="B", name="x")},
            "two policies are named 'x'",
        ),
        ({"a.py": "import nothing_like_this"}, "ModuleNotFoundError"),
        ({"a.py": "def ("}, "SyntaxError"),
        ({"a.py": "x = 1"}, "defines no policy"),
        (
            {"a.py": "from gateway.plugin import Policy\nclass A(Policy, name='a'):\n    'x'\n"},
            "has no decide()",
        ),
    ],
)
def test_what_cannot_be_used_is_told(tmp_path: Path, files: dict[str, str], words: str) -> None:
    (tmp_path / "mine").mkdir()
    for name, text in files.items():
        (tmp_path / "mine" / name).write_text(text)
    with pytest.raises(PluginError) as refused:
        load_policies(["./mine"], tmp_path)
    assert words in str(refused.value)
    assert refused.value.place == "./mine"


def test_a_module_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(PluginError, match="cannot import nothing_like_this"):
        load_policies(["nothing_like_this"], tmp_path)
