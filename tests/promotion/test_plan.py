"""What goes over and what stays, for two environments in files of their own and in one file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from gateway.promotion.plan import PARTS, PromotionPlan, plan_text
from gateway.promotion.trial import PromotionTrial
from tests.promotion.places import FILE, edit, sides, write_two

RULE = """\
  # Inspectors read.
  - id: inspect
    match: {path: "/inspect/**", methods: [GET]}
    require:
      - right: {right: reader}

"""


def planned(ti: Path, prd: Path, parts: Sequence[str] = PARTS, rules: Sequence[str] = ()) -> PromotionPlan:
    """The plan, which means what it says."""
    plan = PromotionPlan.of(*sides(ti, prd), [part for part in PARTS if part in parts], rules)
    if not plan.conflicts:
        assert PromotionTrial(plan).problems == []
        nothing_is_left(plan, ti, prd)
    return plan


def nothing_is_left(plan: PromotionPlan, ti: Path, prd: Path) -> None:
    """What has gone over differs no more."""
    before = prd.read_bytes()
    for path, content in plan.files.items():
        assert content is not None
        path.write_bytes(content)
    assert PromotionPlan.of(*sides(ti, prd), plan.parts, plan.own_rules).changes == []
    prd.write_bytes(before)


def after(plan: PromotionPlan, path: Path) -> str:
    content = plan.files[path]
    assert content is not None
    return content.decode()


def test_files_that_say_the_same(tmp_path: Path) -> None:
    plan = planned(*write_two(tmp_path))
    assert plan.changes == []
    assert plan.files == {}
    stays = {each.name for each in plan.stays}
    assert {
        "public_url",
        "provider.client_id",
        "session.store",
        "session.key",
        "upstream.url",
        "assertion.key",
    } <= stays


def test_a_rule_comes_with_its_comment_and_its_place(tmp_path: Path) -> None:
    ti, prd = write_two(tmp_path)
    edit(ti, ("  # Everything else.\n", f"{RULE}  # Everything else.\n"))
    plan = planned(ti, prd)
    assert [(each.how, each.name) for each in plan.changes] == [("+", "rules.inspect")]
    text = after(plan, prd)
    assert text == FILE.format(name="prd").replace(
        "\n  # Everything else.", f"\n{RULE}  # Everything else.", 1
    )


def test_a_rule_before_the_first_keeps_the_comment_about_the_list(tmp_path: Path) -> None:
    ti, prd = write_two(tmp_path)
    edit(ti, ("  # The first that matches decides.\n", f"  # The first that matches decides.\n{RULE}"))
    text = after(planned(ti, prd), prd)
    assert text.count("The first that matches decides") == 1
    assert text.index("Inspectors read") < text.index("id: inspect") < text.index("id: public")


def test_what_changed_moved_or_went(tmp_path: Path) -> None:
    ti, prd = write_two(tmp_path)
    edit(
        ti,
        ("    require: [anyone]\n\n", "    require: [authenticated]  # since 2026\n\n"),
        ("  - request: GET /private/x\n    expect: deny\n", ""),
        ("idle_timeout: 30m", "idle_timeout: 45m"),
    )
    edit(
        prd,
        (
            "      idle_timeout: 30m  # as long as the register\n",
            "      idle_timeout: 30m\n      cache_ttl: 1s\n",
        ),
    )
    plan = planned(ti, prd)
    assert {(each.how, each.name) for each in plan.changes} == {
        ("~", "rules.public"),
        ("-", "tests: GET /private/x"),
        ("~", "session.idle_timeout"),
        ("-", "session.cache_ttl"),
    }
    text = after(plan, prd)
    assert "require: [authenticated]  # since 2026" in text
    assert "cache_ttl" not in text
    assert "idle_timeout: 45m" in text


def test_the_order_of_rules(tmp_path: Path) -> None:
    ti, prd = write_two(tmp_path)
    text = FILE.format(name="ti")
    first, last = (
        text[text.index("  - id: public") : text.index("\n  # Everything")],
        text[text.index("  # Every") : text.index("tests:")],
    )
    ti.write_text(text.replace(first, "").replace(last, last + first))
    plan = planned(ti, prd)
    assert [each.name for each in plan.changes] == ["their order"]
    assert after(plan, prd).index("id: rest") < after(plan, prd).index("id: public")


def test_only_some_parts(tmp_path: Path) -> None:
    ti, prd = write_two(tmp_path)
    edit(ti, ("idle_timeout: 30m", "idle_timeout: 45m"), ("    require: [anyone]", "    require: [authenticated]"),
         ("tests:\n", "never:\n  - request: DELETE /**\ntests:\n"))  # fmt: skip
    plan = planned(ti, prd, ["rules"])
    assert [each.name for each in plan.changes] == ["rules.public"]
    assert "30m" in after(plan, prd)
    assert "never" not in after(plan, prd)


def test_what_differs_on_purpose(tmp_path: Path) -> None:
    ti, prd = write_two(tmp_path)
    edit(
        ti,
        ("  # Everything else.\n", f"{RULE}  # Everything else.\n"),
        ("idle_timeout: 30m", "idle_timeout: 8h"),
    )
    edit(
        ti,
        ("    assertion:", "    not_promoted: [rules.inspect, session.idle_timeout]\n    assertion:"),
    )
    edit(prd, ("    assertion:", "    not_promoted: [rules.office]\n    assertion:"),
         ("  # Everything else.\n", "  # Only here.\n  - id: office\n    match: {path: /office}\n    require: [authenticated]\n  # Everything else.\n"))  # fmt: skip
    plan = planned(ti, prd)
    assert plan.changes == []
    assert ("session.idle_timeout", "`not_promoted` names it") in {
        (each.name, each.why) for each in plan.stays
    }


def test_a_rule_that_stays_in_the_target_keeps_its_place(tmp_path: Path) -> None:
    ti, prd = write_two(tmp_path)
    edit(ti, ("  # Everything else.\n", f"{RULE}  # Everything else.\n"))
    edit(prd, ("    assertion:", "    not_promoted: [rules.office]\n    assertion:"),
         ("  # Everything else.\n", "  # Only here.\n  - id: office\n    match: {path: /office}\n    require: [authenticated]\n  # Everything else.\n"))  # fmt: skip
    text = after(planned(ti, prd), prd)
    places = [text.index(f"id: {each}") for each in ("public", "office", "inspect", "rest")]
    assert places == sorted(places)
    assert "# Only here.\n  - id: office" in text


def test_a_section_without_what_belongs_to_the_environment(tmp_path: Path) -> None:
    ti, prd = write_two(tmp_path)
    edit(
        ti,
        (
            "    assertion:",
            "    edge:\n      hosts: [extra-ti.example.be]  # only T&I\n      # Long forms.\n      max_headers: 60\n    assertion:",
        ),
    )
    plan = planned(ti, prd)
    text = after(plan, prd)
    assert "extra-ti" not in text
    assert "    edge:\n      # Long forms.\n      max_headers: 60\n" in text


@pytest.mark.parametrize(
    "section",
    [
        "    upstreams:\n      reports: {url: 'http://reports-ti.example.be', response_timeout: 9s}\n",
        "    machines:\n      introspection:\n        client_id: x\n        client_auth: {method: client_secret_post, secret: env:X}\n",
    ],
)
def test_a_section_that_needs_addresses_of_its_own(tmp_path: Path, section: str) -> None:
    ti, prd = write_two(tmp_path)
    edit(ti, ("    assertion:", f"{section}    assertion:"))
    plan = planned(ti, prd)
    assert plan.changes == []
    assert any("of its own: write it there" in each.why for each in plan.stays)
    assert planned(*reversed_(ti, prd)).changes == []


def reversed_(ti: Path, prd: Path) -> tuple[Path, Path]:
    """The files with the names of the environments swapped, to promote the other way."""
    one, two = ti.with_name("a.yaml"), prd.with_name("b.yaml")
    one.write_text(prd.read_text().replace("  prd:\n", "  ti:\n", 1))
    two.write_text(ti.read_text().replace("  ti:\n", "  prd:\n", 1))
    return one, two


@pytest.mark.parametrize(
    "wrong",
    [
        'match: {path: "/inspect/**", hosts: [ti.register.example.be]}',
        'match: {path: /inspect}\n    redirect: {to: "https://TI.register.example.be/x"}',
    ],
)
def test_a_rule_that_names_the_other_environment_is_a_conflict(tmp_path: Path, wrong: str) -> None:
    ti, prd = write_two(tmp_path)
    rule = RULE.replace('match: {path: "/inspect/**", methods: [GET]}', wrong)
    edit(ti, ("  # Everything else.\n", f"{rule}  # Everything else.\n"))
    plan = planned(ti, prd)
    assert "it names ti.register.example.be" in plan.conflicts[0]


def test_a_setting_that_names_the_other_environment_or_a_secret_stays(tmp_path: Path) -> None:
    ti, prd = write_two(tmp_path)
    edit(
        ti,
        (
            "    assertion:",
            "    support: {service: {nl: 'Zie https://ti.register.example.be'}, phone: '1'}\n    assertion:",
        ),
    )
    plan = planned(ti, prd)
    assert [each.name for each in plan.changes] == ["support"]
    assert "phone" in after(plan, prd)
    assert "Zie" not in after(plan, prd)


def test_rights_people_and_identity(tmp_path: Path) -> None:
    ti, prd = write_two(tmp_path)
    edit(
        ti,
        (
            "    context: NonConformiteitenLezer\n",
            "    context: NonConformiteitenLezer2  # renamed\n  # New.\n  other:\n    right: X\n",
        ),
        ("rights:\n", "identity:\n  headers: {X-User: subject}\ncatalogue: {X: []}\nrights:\n"),
        (
            "tests:\n",
            "people:\n  ann: {doelgroep: EA}\ntests:\n  - as: ann\n    request: GET /public/y\n    expect: allow\n",
        ),
    )
    plan = planned(ti, prd)
    assert {each.name for each in plan.changes} == {
        "rights.reader.context", "rights.other", "catalogue", "identity", "people", "tests: GET /public/y",
    }  # fmt: skip
    assert "# renamed\n  # New.\n  other:" in after(plan, prd)


def test_tests_of_one_environment_stay_there(tmp_path: Path) -> None:
    ti, prd = write_two(tmp_path)
    for path, name in ((ti, "ti"), (prd, "prd")):
        edit(path, ("tests:\n", f"tests:\n  - env: [{name}]\n    request: GET /{name}\n    expect: deny\n"))
    plan = planned(ti, prd)
    assert plan.changes == []
    assert {each.name for each in plan.stays if each.part == "tests"} == {"tests: GET /ti", "tests: GET /prd"}


def one_file(folder: Path) -> Path:
    text, other = FILE.format(name="ti"), FILE.format(name="prd")
    path = folder / "config.yaml"
    own = other[other.index("  prd:\n") : other.index("rights:")]
    own = own.replace(
        "    provider:", "    listen: 127.0.0.1:8100\n    observe: {listen: '127.0.0.1:8101'}\n    provider:"
    )
    path.write_text(text.replace("rights:\n", f"{own}rights:\n", 1))
    return path


def test_both_in_one_file(tmp_path: Path) -> None:
    path = one_file(tmp_path)
    text = path.read_text().replace("idle_timeout: 30m", "idle_timeout: 45m", 1)
    own = "    rules:\n      before:\n        # On trial.\n        - id: trial\n          match: {path: /trial}\n          require: [authenticated]\n"
    path.write_text(text.replace("    assertion:", f"{own}    assertion:", 1))
    plan = planned(path, path)
    assert [each.name for each in plan.changes] == ["session.idle_timeout"]
    assert any("--rule trial carries it over" in each.why for each in plan.stays)
    plan = planned(path, path, PARTS, ["trial"])
    found = after(plan, path)
    assert found.count("# On trial.\n        - id: trial") == 2
    assert found.count("idle_timeout: 45m") == 2
    assert found.count("id: trial") == 2
    assert planned(path, path, PARTS, ["other"]).conflicts == ["ti has no rule 'other' of its own"]


def test_text_that_cannot_be_changed_safely_is_refused(tmp_path: Path) -> None:
    ti, prd = write_two(tmp_path)
    edit(
        ti,
        ("    right: OVAMGebruiker\n", "    right: &name OVAMGebruiker\n"),
        (
            "tests:\n",
            "  - id: more\n    match: {path: /more}\n    label: {nl: *name}\n    require: [authenticated]\ntests:\n",
        ),
    )
    plan = PromotionPlan.of(*sides(ti, prd), PARTS)
    assert plan.conflicts or PromotionTrial(plan).problems
    assert prd.read_text() == FILE.format(name="prd")


def test_windows_newlines_stay(tmp_path: Path) -> None:
    ti, prd = write_two(tmp_path)
    edit(ti, ("idle_timeout: 30m", "idle_timeout: 45m"))
    before = b"\xef\xbb\xbf" + prd.read_bytes().replace(b"\n", b"\r\n")
    prd.write_bytes(before)
    assert planned(ti, prd).files[prd] == before.replace(b"30m  #", b"45m  #")


def test_the_description_names_parts(tmp_path: Path) -> None:
    ti, prd = write_two(tmp_path)
    edit(ti, ("idle_timeout: 30m", "idle_timeout: 45m"))
    lines = list(plan_text(planned(ti, prd)))
    assert lines[0] == "settings:"
    assert '  ~ session.idle_timeout: "30m" -> "45m"' in lines
    assert "client-of-ti" not in "".join(lines)
