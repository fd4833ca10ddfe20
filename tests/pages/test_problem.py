"""An error as data says in the reader's language what it is and what helps."""

from __future__ import annotations

from gateway.errors import BadRequest, Forbidden, LoginRequired
from gateway.model import Decision, Missing
from gateway.pages.problem import Problems, Reader
from gateway.pages.render import Pages
from gateway.pages.settings import SupportSettings
from gateway.plan import Advice, Grant, LogIn, Step, Switch, Wait

PAGES = Pages(SupportSettings(), "ti", ("nl", "en"))
PROBLEMS = Problems(PAGES, public_url="https://gw.test/", clock=lambda: 0.0)
LACKING = Missing("right", "grant", right="A", organisation="1")
DENIED = Forbidden(
    Decision(allowed=False, rule="r", reason="right-missing", alternatives=((LACKING,),)),
    lambda: Advice(((Grant("A", None, "1", LACKING),),)),
)


def test_each_error_has_its_words_and_its_reference() -> None:
    found = PROBLEMS.data(BadRequest("x"), Reader("en", path="/a b"), request_id="0" * 32)
    assert (found["status"], found["code"], found["title"]) == (
        400,
        "bad-request",
        "We could not open this address",
    )
    assert (found["instance"], found["request_id"]) == ("/a%20b", "0" * 32)
    assert found["reference"]


def test_a_login_that_is_needed_comes_with_its_address() -> None:
    found = PROBLEMS.data(LoginRequired(acr_values=("urn:x",)), Reader("en", back="/a"), request_id="1" * 32)
    assert found["login_url"].startswith("https://gw.test/oauth2/start?")
    assert "urn%3Ax" in found["login_url"]


def test_a_denial_has_its_plans_in_words() -> None:
    found = PROBLEMS.data(DENIED, Reader("nl"), request_id="2" * 32)
    ((step,),) = found["plans"]
    assert (step["type"], step["right"], step["organisation"]) == ("grant", "A", "1")
    assert found["missing"][0][0]["what"]
    assert found["rule"] == "r"


def test_in_short_it_refers_to_nothing_that_stands_elsewhere() -> None:
    said = PROBLEMS.data(DENIED, Reader("nl"), request_id="2" * 32)
    short = PROBLEMS.in_short(DENIED, said, Reader("nl"))
    assert short == (
        "U hebt geen toegang tot deze pagina. Voor deze pagina is nodig: gebruikersrecht 'A', voor 1."
        " Vraag dit aan de lokale beheerder van uw organisatie."
    )
    assert said["plans"][0][0]["advice"] in short
    hopeless = Forbidden(DENIED.decision)
    said = PROBLEMS.data(hopeless, Reader("nl"), request_id="2" * 32)
    assert PROBLEMS.in_short(hopeless, said, Reader("nl")) == (
        "U hebt geen toegang tot deze pagina. Voor deze pagina is nodig: gebruikersrecht 'A', voor 1."
    )
    other = BadRequest("x")
    said = PROBLEMS.data(other, Reader("en"), request_id="2" * 32)
    assert PROBLEMS.in_short(other, said, Reader("en")) == f"{said['title']}. {said['detail']}"


def short_of(*steps: Step) -> str:
    error = Forbidden(DENIED.decision, lambda: Advice((steps,)))
    return PROBLEMS.in_short(
        error, PROBLEMS.data(error, Reader("nl"), request_id="2" * 32), Reader("nl")
    ).removeprefix("U hebt geen toegang tot deze pagina. ")


def test_in_short_each_step_is_a_sentence() -> None:
    assert short_of(Switch("0456789034", known=True)) == (
        "Deze pagina is wel toegankelijk namens de organisatie met ondernemingsnummer 0456.789.034."
        " Wissel naar die organisatie. Daarna komt u terug op deze pagina."
    )
    assert short_of(Switch(doelgroep="LB")).startswith(
        "Deze pagina is wel toegankelijk namens een lokaal bestuur (LB). Werkt u ook voor zo'n organisatie?"
    )
    assert short_of(LogIn(("urn:be:vlaanderen:authmech:eid",))).startswith("Meld u opnieuw aan met eID. ")
    assert short_of(Wait(1_795_777_200.0)).startswith("Deze pagina is opnieuw open vanaf vrijdag")


def test_in_short_a_right_is_asked_for_where_the_person_switched_to() -> None:
    assert short_of(Grant("A", None, None, LACKING), Switch(doelgroep="LB")) == (
        "Voor deze pagina is nodig: toegang namens een lokaal bestuur (LB)."
        " Werkt u ook voor zo'n organisatie? Wissel dan van organisatie. Daarna komt u terug op deze pagina."
        " Voor deze pagina is nodig: gebruikersrecht 'A', voor 1."
        " Vraag dit aan de lokale beheerder van uw organisatie."
    )


def test_of_a_long_path_the_begin_is_said() -> None:
    found = PROBLEMS.data(BadRequest("x"), Reader("en", path="/" + "<" * 30_000), request_id="0" * 32)
    assert found["instance"] == "/" + "%3C" * 4_095
