"""The frame that every page has: our own style and nothing else, and a banner."""

import re
from base64 import b64encode
from hashlib import sha256

import pytest

from gateway import errors
from gateway.model import Language
from gateway.pages.error_response import ErrorResponses
from gateway.pages.render import Pages
from gateway.pages.settings import SupportSettings
from tests.pages.conftest import Asks, text_of
from tests.pages.test_error_response import headers_of


@pytest.mark.parametrize("language", ["nl", "en"])
def test_only_our_own_style_and_script_are_allowed_to_run(
    answers: ErrorResponses, asks: Asks, language: Language
) -> None:
    page = answers.error(errors.NotFound(), request_id="r", request=asks(language=language))
    policy = headers_of(page)["content-security-policy"]
    style = re.search(r"<style>(.*?)</style>", page.body.decode(), re.DOTALL)
    assert style is not None
    digest = b64encode(sha256(style[1].encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    script = re.search(r"<script>(.*?)</script>", page.body.decode(), re.DOTALL)
    assert script is not None
    digest = b64encode(sha256(script[1].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}';" in policy
    assert page.body.count(b"<script") == 1
    assert headers_of(page)["x-frame-options"] == "DENY"
    assert b" style=" not in page.body


def test_the_banner_names_any_environment_but_production(asks: Asks) -> None:
    def page(pages: Pages) -> str:
        error = errors.NotFound()
        return text_of(
            ErrorResponses(pages, public_url="x").error(error, request_id="r", request=asks()).body
        )

    assert "Omgeving T&I" in page(Pages(SupportSettings(), "ti"))
    assert "Omgeving acc:" in page(Pages(SupportSettings(), "acc"))
    assert "Omgeving" not in page(Pages(SupportSettings(), "prd"))
    own = SupportSettings(environment_label={"nl": "Oefenen & proberen", "en": "Practice"})
    assert "Oefenen & proberen" in page(Pages(own, "ti"))
