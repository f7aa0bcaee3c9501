"""Refusals of identity providers as they are reported in public: each gets the sentence that says what to do.

A row: the OAuth error, the provider's words, what was exchanged for a token, and words that the sentence must hold. A
newcomer adds a row without writing a test.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from reconciler.oauth2.answers import judge
from reconciler.oauth2.refusals import _MICROSOFT, _MICROSOFT_WORDS, _TOLD_APART, _WORDS
from reconciler.oauth2.request import endpoint_of
from reconciler.smtp.faults import SmtpFault
from reconciler.smtp.https import Answer
from reconciler.verification.sentences import sentence
from reconciler.verification.tokensentences import TOKEN_SENTENCES
from tests.oauth2.asking import make_request
from tests.verification.targets import make_target

if TYPE_CHECKING:
    from typing import Any

_URL = "https://login.example.com/token"
_PERSON: dict[str, Any] = {}
_CLIENT: dict[str, Any] = {"refresh_token": None}

REFUSALS: tuple[tuple[str, str, dict[str, Any], str], ...] = (
    ("invalid_grant", "AADSTS65001: The user or administrator has not consented to use the application with ID 'x' named 'y'.", _PERSON, "Grant administrator consent"),
    ("unauthorized_client", "AADSTS700016: Application with identifier 'x' was not found in the directory 'Example'.", _CLIENT, "the tenant in oauth2.tokenUrl is not the one"),
    ("invalid_client", "AADSTS7000215: Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID.", _CLIENT, "in place of its value"),
    ("invalid_client", "AADSTS7000222: The provided client secret keys for app 'x' are expired.", _CLIENT, "secret has expired"),
    ("invalid_scope", "AADSTS1002012: The provided value for scope https://outlook.office.com/SMTP.Send is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier.", _CLIENT, "scope: https://outlook.office365.com/.default"),
    ("invalid_grant", "AADSTS50076: Due to a configuration change made by your administrator, you must use multi-factor authentication.", _PERSON, "second factor"),
    ("interaction_required", "AADSTS53003: Access has been blocked by Conditional Access policies.", _PERSON, "policy"),
    ("invalid_grant", "AADSTS700082: The refresh token has expired due to inactivity.", _PERSON, "not used for too long"),
    ("invalid_request", "AADSTS90023: Public clients can't send a client secret.", _PERSON, "Remove clientSecret"),
    ("invalid_request", "AADSTS90023: The request is not valid.", _CLIENT, "/oauth2/v2.0/token"),
    ("invalid_grant", "AADSTS65002: Consent between first party application 'x' and first party resource 'y' must be configured via preauthorization.", _PERSON, "Register a client of your own"),
    ("invalid_client", "AADSTS700025: Client is public so neither 'client_assertion' nor 'client_secret' should be presented.", _PERSON, "Remove clientSecret"),
    ("invalid_client", "AADSTS7000218: The request body must contain the following parameter: 'client_assertion' or 'client_secret'.", {"client_secret": None}, "Write clientSecret"),
    ("invalid_request", "AADSTS7000216: 'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type.", _CLIENT, "Write clientSecret"),
    ("invalid_request", "AADSTS50194: Application 'x' is not configured as a multi-tenant application. Usage of the /common endpoint is not supported.", _PERSON, "in place of common"),
    ("invalid_request", "AADSTS90002: Tenant 'x' not found.", _PERSON, "Correct the tenant"),
    ("invalid_request", "AADSTS900023: Specified tenant identifier 'x' is neither a valid DNS name, nor a valid external domain.", _PERSON, "Correct the tenant"),
    ("invalid_grant", "AADSTS50173: The provided grant has expired due to it being revoked.", _PERSON, "password was changed"),
    ("invalid_grant", "AADSTS70008: The provided authorization code or refresh token has expired due to inactivity.", _PERSON, "Sign in anew"),
    ("invalid_grant", "AADSTS70043: The refresh token has expired or is invalid due to sign-in frequency checks by Conditional Access.", _PERSON, "Sign in anew"),
    ("invalid_grant", "AADSTS50034: The user account does not exist in the directory.", _PERSON, "does not know the user"),
    ("invalid_grant", "AADSTS50057: The user account is disabled.", _PERSON, "disabled"),
    ("invalid_grant", "AADSTS50105: The signed in user is not assigned to a role for the application.", _PERSON, "assigned"),
    ("invalid_scope", "AADSTS70011: The provided value for the input parameter 'scope' is not valid.", _PERSON, "SMTP.Send"),
    ("invalid_resource", "AADSTS500011: The resource principal named https://outlook.example was not found in the tenant.", _CLIENT, "/.default"),
    ("unauthorized_client", "AADSTS7000112: Application 'x' is disabled.", _CLIENT, "disabled"),
    ("invalid_grant", "AADSTS9002313: Invalid request. Request is malformed or invalid.", _PERSON, "hold their values alone"),
    ("invalid_grant", "AADSTS70000: Provided grant is invalid or malformed.", _PERSON, "another client"),
    ("invalid_grant", "Token has been expired or revoked.", _PERSON, "after seven days"),
    ("invalid_grant", "Account has been deleted", _PERSON, "restricted or deleted"),
    ("invalid_grant", "reauth related error (invalid_rapt)", _PERSON, "sign in anew"),
    ("unauthorized_client", "Client is unauthorized to retrieve access tokens using this method, or client not authorized for any of the scopes requested.", _CLIENT, "Domain-wide delegation"),
    ("unauthorized_client", "Unauthorized", _PERSON, "oauth2.clientId"),
    ("admin_policy_enforced", "Access to your account data is restricted by policies within your organization.", _PERSON, "App access control"),
    ("org_internal", "Restricted to users within the organization.", _PERSON, "its own organisation"),
    ("deleted_client", "The OAuth client was deleted.", _PERSON, "Make a new client"),
    ("disabled_client", "The OAuth client was disabled.", _PERSON, "enable it"),
    ("invalid_client", "The OAuth client was not found.", _PERSON, "oauth2.clientId"),
    ("invalid_client", "Unauthorized", _PERSON, "clientSecret refers to"),
    ("invalid_grant", "Bad Request", _PERSON, "refresh token"),
    ("invalid_grant", "", _CLIENT, "smtp.authentication.oauth2"),
    ("invalid_grant", "AADSTS50144: User's Active Directory password has expired.", _PERSON, "set a new password"),
    ("invalid_grant", "AADSTS50055: The password is expired.", _PERSON, "set a new password"),
    ("invalid_grant", "AADSTS50053: The account is locked, you've tried to sign in too many times with an incorrect user ID or password.", _PERSON, "unlock the account"),
    ("invalid_grant", "AADSTS51004: The user account does not exist in the directory.", _PERSON, "does not know the user"),
    ("invalid_grant", "AADSTS500341: The user account has been deleted from the directory.", _PERSON, "deleted"),
    ("invalid_grant", "AADSTS50078: Presented multi-factor authentication has expired due to policies configured by your administrator.", _PERSON, "policy"),
    ("invalid_grant", "AADSTS50097: Device authentication is required.", _PERSON, "policy"),
    ("interaction_required", "AADSTS530035: Access has been blocked by security defaults.", _PERSON, "policy"),
    ("invalid_grant", "AADSTS50133: Session is invalid due to expiration or recent password change.", _PERSON, "Sign in anew"),
    ("invalid_grant", "AADSTS700081: The refresh token has expired due to maximum lifetime.", _PERSON, "its time was limited"),
    ("invalid_grant", "AADSTS70000: The user could not be authenticated as the grant is expired. The user must sign in again.", _PERSON, "has expired"),
    ("invalid_grant", "AADSTS70000: The request was denied because one or more scopes requested are unauthorized or expired. The user must first sign in and grant the client application access to the requested scope.", _PERSON, "consents"),
    ("invalid_grant", "AADSTS70002: Error validating credentials. AADSTS70008: The provided access grant is expired or revoked.", _PERSON, "Sign in anew"),
    ("invalid_request", "AADSTS70002: The client does not exist or is not enabled for consumers.", _PERSON, "personal Microsoft accounts"),
    ("invalid_client", "AADSTS50012: Invalid client secret is provided.", _CLIENT, "clientSecret refers to"),
    ("invalid_request", "AADSTS900144: The request body must contain the following parameter: 'scope'.", _PERSON, "Write scope"),
    ("invalid_request", "AADSTS900144: The request body must contain the following parameter: 'client_id'.", _PERSON, "the request as it is"),
    ("invalid_request", "AADSTS9001023: The grant type is not supported over the /common or /consumers endpoints.", _CLIENT, "in place of common"),
    ("invalid_resource", "AADSTS650057: Invalid resource. The client has requested access to a resource which is not listed in the requested permissions.", _PERSON, "API permissions"),
    ("invalid_client", "AADSTS650052: The app is trying to access a service that your organization lacks a service principal for.", _PERSON, "refuses to issue a token"),
    ("invalid_client", "AADSTS650053: The application asked for scope 'SMTP.SendAsApp' that doesn't exist on the resource.", _PERSON, "oauth2.scope"),
    ("invalid_client", "AADSTS50013: Assertion failed signature validation.", _CLIENT, "client's certificate"),
    ("invalid_grant", "AADSTS90038: The specified tenant belongs to another national cloud.", _PERSON, "login.microsoftonline.us"),
    ("invalid_request", "AADSTS90056: The resource is disabled.", _PERSON, "refuses to issue a token"),
    ("invalid_request", "AADSTS90100: The parameter is empty or not valid.", _PERSON, "oauth2.tokenUrl"),
    ("invalid_grant", "AADSTS700005: Provided grant is intended to use against other tenant.", _PERSON, "another client"),
    ("invalid_grant", "AADSTS4711000: Something new.", _PERSON, "refuses to issue a token"),
    ("invalid_grant", "reauth related error (rapt_required)", _PERSON, "sign in anew"),
    ("invalid_grant", "Account Restricted", _PERSON, "restricted"),
    ("invalid_grant", "User disabled", _PERSON, "disabled"),
    ("invalid_grant", "The user does not exist", _PERSON, "deleted"),
    ("invalid_client", "The OAuth client was deleted.", _PERSON, "Make a new client"),
    ("invalid_client", "The OAuth client was disabled.", _PERSON, "enable it"),
    ("invalid_request", "client_secret is missing.", _PERSON, "Write clientSecret"),
    ("unauthorized_client", "Invalid client or Invalid client credentials", _PERSON, "clientSecret refers to"),
    ("invalid_grant", "The grant is invalid or expired.", _PERSON, "used once only"),
    ("INVALID_AUTHORIZATION_CODE", "The grant is invalid", _PERSON, "used once only"),
    ("invalid_code", "", _PERSON, "used once only"),
    ("invalid_client_secret", "", _PERSON, "clientSecret refers to"),
    ("Realm does not exist", "", _PERSON, "Correct the tenant"),
)  # fmt: skip


def _fault(error: str, description: str, changes: dict[str, Any]) -> SmtpFault:
    document = {"error": error, "error_description": f"{description}\r\nTrace ID: 1\r\nTimestamp: now"}
    answer = Answer(status=400, content=json.dumps(document).encode())
    with pytest.raises(SmtpFault) as caught:
        judge(answer, make_request(**changes), endpoint_of(_URL))
    return caught.value


@pytest.mark.parametrize(("error", "description", "changes", "words"), REFUSALS)
def test_a_known_refusal_says_what_to_do(error: str, description: str, changes: dict[str, Any], words: str) -> None:
    """The sentence holds the provider's words, whole, and what they ask for."""
    fault = _fault(error, description, changes)
    text = sentence(fault, "auth", make_target(None))
    assert ("tokenRefused", "permanent") == (fault.code, fault.failure_class)
    assert words in text
    assert description in text


@pytest.mark.parametrize("code", ["90024", "90033", "50196", "50000", "90006"])
def test_a_providers_own_trouble_passes(code: str) -> None:
    """A code of Entra that speaks of its own trouble is transient, whatever error stands beside it."""
    assert "tokenUnavailable" == _fault("invalid_grant", f"AADSTS{code}: try again", _PERSON).code


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("You have made too many requests continuously. Please try again after some time.", "tokenUnavailable"),
        ("Service temporarily unavailable", "tokenUnavailable"),
        ("AADSTS50053: you've tried to sign in too many times, try again later", "tokenRefused"),
    ],
)
def test_a_request_to_wait_passes(words: str, code: str) -> None:
    """Who asks to try again later is believed, but for Microsoft, whose codes say what they mean."""
    assert code == _fault("Access Denied", words, _PERSON).code


@pytest.mark.parametrize(
    "document",
    [
        {"error": {"code": 403, "message": "not used in project 1 before"}},
        {"errorCode": "x", "errorSummary": "not used in project 1 before"},
        {"message": "not used in project 1 before"},
        {"title": "not used in project 1 before", "status": 403},
    ],
)
@pytest.mark.parametrize("status", [200, 403])
def test_words_in_another_form_are_shown(document: dict[str, Any], status: int) -> None:
    """An endpoint that does not answer as OAuth wants it is told as that, with its words."""
    answer = Answer(status=status, content=json.dumps(document).encode())
    with pytest.raises(SmtpFault) as caught:
        judge(answer, make_request(), endpoint_of(_URL))
    assert "tokenResponseInvalid" == caught.value.code
    assert "not used in project 1 before" in sentence(caught.value, "auth", make_target(None))


def test_every_known_refusal_has_a_sentence() -> None:
    """No row names a sentence that there is not, so that none falls back to the general one unseen."""
    variants = {*_MICROSOFT.values(), *_TOLD_APART, *(sign.variant for sign in (*_WORDS, *_MICROSOFT_WORDS))} | {
        "serviceAccount"
    }
    assert set() == {each for each in variants if f"tokenRefused:{each}" not in TOKEN_SENTENCES}
