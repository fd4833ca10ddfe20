"""The logo and the colours of an environment."""

from pathlib import Path

import pytest

from gateway.pages.branding import contrast, icon_address, logo_address, style
from gateway.pages.render import Pages
from gateway.pages.settings import SupportSettings

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"/>'


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (SVG, "image/svg+xml"),
        (b"\x89PNG\r\n\x1a\n....", "image/png"),
        (b"\xff\xd8\xff\xe0..", "image/jpeg"),
        (b"GIF89a..", "image/gif"),
        (b"RIFF\x00\x01\x02\x03WEBPVP8 ", "image/webp"),
    ],
)
def test_a_logo_is_known_by_its_content(tmp_path: Path, content: bytes, kind: str) -> None:
    file = tmp_path / "logo.txt"
    file.write_bytes(content)
    assert logo_address(file).startswith(f"data:{kind};base64,")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<html><body/></html>", "is not an image"),
        (b"<svg", "is not an image"),
        (b'<!DOCTYPE svg [<!ENTITY a "b">]><svg>&a;</svg>', "is not an image"),
        (SVG + b" " * 70_000, "a logo may have 65536"),
        (None, "No such file"),
    ],
)
def test_what_cannot_be_a_logo(tmp_path: Path, content: bytes | None, words: str) -> None:
    file = tmp_path / "logo.svg"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ValueError, match=words):
        logo_address(file)


def test_every_page_contains_the_logo(tmp_path: Path) -> None:
    file = tmp_path / "logo.svg"
    file.write_bytes(SVG)
    page = Pages(SupportSettings(logo=file, accent="#00ff00"), "ti").page(
        "logged_out.html", "nl", title="x", words="y"
    )
    assert f'<img src="{logo_address(file)}" alt="">'.encode() in page.body
    assert b"--accent:#00ff00" in page.body
    assert icon_address("#00ff00").encode() in page.body


def test_an_accent_must_leave_text_readable(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="choose a lighter colour"):
        style("#222222")
    sheet = tmp_path / "style.css"
    assert style("#ffffff", sheet) == style("#ffffff")
    sheet.write_text("h1{color:red}")
    assert style("#ffffff", sheet).endswith("h1{color:red}")
    sheet.write_text("</style>")
    with pytest.raises(ValueError, match="would end the style"):
        style("#ffffff", sheet)
    sheet.write_bytes(b"\xff")
    with pytest.raises(ValueError, match="cannot read"):
        style("#ffffff", sheet)


def test_contrast_is_that_of_the_standard() -> None:
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
