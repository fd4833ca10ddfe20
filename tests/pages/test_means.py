"""What people call the ways to log in."""

from gateway.pages.catalogue import read_catalogue
from gateway.pages.means import means_name

ACM = "urn:be:vlaanderen:authmech:"


def test_names() -> None:
    dutch, english = read_catalogue("nl").gettext, read_catalogue("en").gettext
    assert means_name([f"{ACM}eid"], dutch, "nl") == "eID"
    assert means_name([f"{ACM}eid", f"{ACM}itsme"], dutch, "nl") == "eID of itsme"
    assert means_name([f"{ACM}eid", f"{ACM}eidashigh", f"{ACM}itsme"], english, "en") == (
        "eID, a foreign electronic identity card, or itsme"
    )
    assert means_name(["urn:x:badge"], dutch, "nl") == "badge"
