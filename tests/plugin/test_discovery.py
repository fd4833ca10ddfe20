"""Where policies come from, and what is refused."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from gateway.plugin.discovery import PluginError, load_policies, policy_code, shipped_folder

GOOD = '''
from gateway.plugin import Allow, Facts, Policy, Verdict
class {cls}(Policy, name="{name}"):
    """Holds."""
    def decide(self, facts: Facts) -> Verdict:
        return Allow()
'''


SHIPPED = {
    "all", "any", "anyone", "assurance", "authenticated", "claim", "machine", "network", "not", "organisation",
    "rate", "remote", "right", "schedule",
}  # fmt: skip


def test_the_shipped_policies_are_always_there() -> None:
    found = load_policies()
    assert set(found) == SHIPPED
    assert load_policies() == found
    for policy in found.values():
        assert policy.__doc__


def test_a_folder_of_ones_own_adds_to_them(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/yes.py").write_text(GOOD.format(cls="Yes", name="yes"))
    assert set(load_policies(["./mine"], tmp_path)) == {*SHIPPED, "yes"}


def test_a_package_of_ones_own_adds_to_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "our_policies").mkdir()
    (tmp_path / "our_policies/__init__.py").touch()
    (tmp_path / "our_policies/yes.py").write_text(GOOD.format(cls="Yes", name="yes"))
    monkeypatch.syspath_prepend(tmp_path)
    assert set(load_policies(["our_policies"], tmp_path)) == {*SHIPPED, "yes"}


def test_the_shipped_folder_may_be_named_too(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(shipped_folder())
    shutil.copytree(shipped_folder(), tmp_path / "copy")
    shipped = load_policies()
    for source in ("./link", "./copy", "plugins", f"{shipped_folder()}/"):
        found = load_policies([source], tmp_path)
        assert found == shipped, source


def test_another_policy_cannot_take_the_name_of_a_shipped_one(tmp_path: Path) -> None:
    shutil.copytree(shipped_folder(), tmp_path / "copy")
    with (tmp_path / "copy/claim.py").open("a") as changed:
        changed.write("# mine\n")
    with pytest.raises(
        PluginError, match=r"copy/claim\.py defines a policy 'claim', .* name of a shipped policy"
    ):
        load_policies(["./copy"], tmp_path)


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    file = tmp_path / "mine/yes.py"
    file.write_text(GOOD.format(cls="Yes", name="yes"))
    first = load_policies(["./mine"], tmp_path)["yes"]
    assert load_policies(["./mine"], tmp_path)["yes"] is first
    file.write_text(GOOD.format(cls="Yes", name="oui"))
    os.utime(file, ns=(1, 1))
    assert "oui" in load_policies(["./mine"], tmp_path)


def test_a_file_is_known_by_its_text_and_not_by_its_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As `cp -p`, `rsync -t` and archives with one time for all files leave it; a .pyc counts by second and size.
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    file = tmp_path / "mine/yes.py"
    file.parent.mkdir()
    for number, name in enumerate(("one", "two", "ten")):
        file.write_text(GOOD.format(cls="Yes", name=name))
        os.utime(file, ns=(1, number // 2))
        assert name in load_policies(["./mine"], tmp_path)


def test_a_pipe_is_no_policy(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    os.mkfifo(tmp_path / "mine/pipe.py")
    with pytest.raises(PluginError, match="it is not a file"):
        load_policies(["./mine"], tmp_path)


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
    assert refused.value.source == "./mine"


def test_a_module_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(PluginError, match="cannot import nothing_like_this"):
        load_policies(["nothing_like_this"], tmp_path)


def test_the_code_of_policies_is_known_by_its_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two machines compare it: only what is not shipped counts, wherever it is."""
    assert policy_code(load_policies().values()) == "none"
    found = []
    for folder, text in (("a", GOOD), ("b", GOOD), ("c", GOOD.replace("Holds", "Held"))):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "yes.py").write_text(text.format(cls="Yes", name="yes"))
        found.append(policy_code(load_policies([f"./{folder}"], tmp_path).values()))
    assert found[0] == found[1] != found[2]
    assert "none" not in found
    monkeypatch.syspath_prepend(tmp_path)
    module = tmp_path / "importable_policies.py"
    module.write_text(GOOD.format(cls="Yes", name="yes"))
    first = policy_code(load_policies(["importable_policies"], tmp_path).values())
    assert first == found[0]
    # It goes on as it was imported until a restart, and so does what is said of it.
    module.write_text(GOOD.format(cls="Yes", name="yes") + "# more\n")
    assert policy_code(load_policies(["importable_policies"], tmp_path).values()) == first
