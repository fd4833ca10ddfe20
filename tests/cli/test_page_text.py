"""A page as text."""

from gateway.cli.page_text import page_text


def test_what_people_read_is_left_with_its_links() -> None:
    page = """<html><head><title>x</title><style>a{}</style></head><body><main><h1>Geen  toegang</h1>
    <p>Bel <a href="tel:1700">1700</a> &amp; wacht.</p><ul><li>Een</li><li>Twee</li></ul>
    <dl><dt>Referentie</dt><dd id="reference">4C25-38B9</dd></dl><script>x()</script></main></body></html>"""
    assert page_text(page).splitlines() == [
        "Geen toegang",
        "Bel 1700 <tel:1700> & wacht.",
        "- Een",
        "- Twee",
        "Referentie: 4C25-38B9",
    ]
