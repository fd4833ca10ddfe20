"""What people read about a login that failed, for every reason code."""

from gateway.errors import (
    LoginFailed,
)
from gateway.pages.error_response import ErrorResponses
from gateway.pages.login_failures import LOGIN_FAILURES, login_failure_words
from tests.pages.conftest import Asks, text_of


def test_a_reason_without_words_of_its_own_has_those_of_its_kind() -> None:
    assert login_failure_words("state-missing-or-so") == login_failure_words("who-knows")
    assert login_failure_words("id-token-of-a-new-kind") == login_failure_words("token-answer-malformed")
    assert all(login_failure_words(reason) == words for reason, words in LOGIN_FAILURES.items())


def test_unknown_causes_of_a_failed_login_have_words_too(answers: ErrorResponses, asks: Asks) -> None:
    page = answers.error(LoginFailed("who-knows"), request_id="r", request=asks())
    assert "Het aanmelden is niet voltooid." in text_of(page.body)


def test_a_token_that_is_too_large_is_no_reason_to_start_again(answers: ErrorResponses, asks: Asks) -> None:
    page = answers.error(LoginFailed("id-token-too-large"), request_id="r", request=asks())
    text = text_of(page.body)
    assert "De aanmelddienst stuurde meer over u dan deze dienst aankan" in text
    assert "U kunt hier niets aan doen." in text
