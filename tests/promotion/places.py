"""Two environments, each in a file of its own, for tests of promotions."""

from __future__ import annotations

from pathlib import Path

from gateway.config.load import read_source
from gateway.promotion.side import PromotionSide

FILE = """\
# {name}: who may do what.
version: 1
environments:
  {name}:
    public_url: https://{name}.register.example.be
    provider:
      issuer: https://acm-{name}.example.be/op
      client_id: client-of-{name}
      client_auth: {{method: private_key_jwt, key: file:secrets/{name}/client.pem}}
    upstream: {{url: "http://backend-{name}.example.be:8080", response_timeout: 30s}}
    session:
      store: redis://redis-{name}.example.be:6379/0
      key: file:secrets/{name}/session.key
      idle_timeout: 30m  # as long as the register
    assertion: {{key: file:secrets/{name}/assertion.pem}}
rights:
  reader:
    right: OVAMGebruiker
    context: NonConformiteitenLezer
rules:
  # The first that matches decides.
  - id: public
    match: {{path: /public/**}}
    require: [anyone]

  # Everything else.
  - id: rest
    match: {{path: /**}}
    require:
      - right: {{right: reader}}
tests:
  - request: GET /private/x
    expect: deny
  - request: GET /secret
    expect: deny
"""


def write_two(folder: Path, *, separate: bool = False) -> tuple[Path, Path]:
    """ti.yaml and prd.yaml, which say the same but for what belongs to each; in folders of their own where `separate`."""
    paths = []
    for name in ("ti", "prd"):
        place = folder / name if separate else folder
        place.mkdir(exist_ok=True)
        path = place / f"{name}.yaml"
        path.write_text(FILE.format(name=name))
        paths.append(path)
    return paths[0], paths[1]


def edit(path: Path, *edits: tuple[str, str]) -> None:
    """Replace each text, which stands there once."""
    text = path.read_text()
    for before, after in edits:
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    path.write_text(text)


def sides(ti: Path, prd: Path) -> tuple[PromotionSide, PromotionSide]:
    """Both ends."""
    return PromotionSide(read_source(ti), "ti"), PromotionSide(read_source(prd), "prd")
