"""Makes rule files of any size for the benchmarks: paths of a register, rights, own organisation, a few of everything."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

_HEAD = """version: 1
environments:
  ti:
    public_url: https://register.example.be
    provider:
      issuer: https://acm.example.be/op
      client_id: benchmark
      client_auth: {method: private_key_jwt, key: file:client.pem}
    upstream: {url: http://localhost:8020}
    session: {store: "memory:", key: file:session.key}
    assertion: {key: file:assertion.pem}
rights:
  indiener: {right: OVAMGebruiker, context: NonConformiteitenIndiener}
  lezer: {right: OVAMGebruiker, context: NonConformiteitenLezer}
rules:
"""


def rule_file(folder: Path, count: int) -> Path:
    """config.yaml with `count` rules, the last of which is about everything that no other is about."""
    path = folder / f"rules-{count}.yaml"
    path.write_text(_HEAD + "".join(_rules(count)), "utf-8")
    return path


def _rules(count: int) -> Iterator[str]:
    for number in range(count - 1):
        area, thing = divmod(number, 10)
        path = (
            f"/dienst{area}/onderdeel{thing}/**",
            f"/organisaties/{{kbo}}/dienst{area}/onderdeel{thing}/**",
            f"/dienst{area}/{{nummer}}/onderdeel{thing}",
        )[number % 3]
        yield f'  - id: rule-{number}\n    match: {{path: "{path}", methods: [GET, POST]}}\n    require:\n'
        yield f"      - right: {{right: {('indiener', 'lezer')[number % 2]}}}\n"
        if number % 3 == 1:
            yield '      - organisation: {equals: "{kbo}"}\n'
    yield "  - id: rest\n    match: {path: /**}\n    require: [authenticated]\n"
