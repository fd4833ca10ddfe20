"""What people call the authentication methods of ACM."""

from gateway.pages.authentication_methods import method_names
from gateway.pages.catalogue import read_catalogue

ACM = "urn:be:vlaanderen:authmech:"


def test_names() -> None:
    dutch, english = read_catalogue("nl").gettext, read_catalogue("en").gettext
    assert method_names([f"{ACM}eid"], dutch, "nl") == "eID"
    assert method_names([f"{ACM}eid", f"{ACM}itsme"], dutch, "nl") == "eID of itsme"
    assert method_names([f"{ACM}eid", f"{ACM}eidashigh", f"{ACM}itsme"], english, "en") == (
        "eID, a foreign electronic identity card, or itsme"
    )
    assert method_names(["urn:x:badge"], dutch, "nl") == "badge"
