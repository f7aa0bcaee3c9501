"""One form posted to a token endpoint over HTTPS: each way in which no answer comes is a fault of step auth."""

from __future__ import annotations

import contextlib
import ssl
from typing import TYPE_CHECKING

from reconciler.oauth2.shown import shown_answer, shown_form
from reconciler.smtp.bounded import TooLong
from reconciler.smtp.dial import DirectDialer
from reconciler.smtp.faults import SmtpFault
from reconciler.smtp.https import Answer, NotHttp, Request, ask
from reconciler.smtp.tls import refusal_in_words
from reconciler.smtp.tlsalerts import reason_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.oauth2.request import Endpoint
    from reconciler.smtp.deadline import Deadline
    from reconciler.smtp.dial import Connection
    from reconciler.smtp.lookup import Resolver
    from reconciler.smtp.masking import CredentialMask

_LATE = "it did not finish its answer within the account's time limit"
_BROKEN_OFF = "it closed the connection before its answer was complete"
_UNREACHED = {
    "nameLookupFailed": "the name servers could not be asked about it",
    "connectionRefused": "it refused the connection",
    "unreachable": "there is no way through the network to it",
    "timedOut": "it did not take the connection within the account's time limit",
}


def post_form(
    endpoint: Endpoint,
    form: bytes,
    *,
    deadline: Deadline,
    resolver: Resolver | None = None,
    masks: Sequence[CredentialMask] = (),
) -> Answer:
    """Send a form and return the answer, redirects included; raise ``SmtpFault`` of step auth where none comes.

    ``masks`` are of the secrets in the form, for whoever listens to the conversation.
    """
    request = Request(
        method="POST",
        host=endpoint.host,
        target=endpoint.target,
        authority=endpoint.authority,
        accept="application/json",
        form=form,
    )
    connection = _connect(endpoint, deadline, resolver)
    with contextlib.closing(connection.wire) as wire:
        wire.masks = masks
        try:
            answer = ask(connection, request, deadline, shown_form=shown_form(form), show=shown_answer)
            if answer.encoding == "identity":
                return answer
            fault = endpoint.fault("tokenResponseInvalid", reason="it is compressed, which was not asked for")
        except ssl.SSLCertVerificationError as refusal:
            fault = endpoint.fault("tokenCertificateInvalid", reason=refusal_in_words(refusal))
        except ssl.SSLError as refusal:
            fault = endpoint.fault("tokenTlsFailed", reason=reason_of(refusal))
        except NotHttp:
            fault = endpoint.fault("tokenResponseInvalid", reason="it does not follow HTTP")
        except TooLong:
            fault = endpoint.fault("tokenResponseInvalid", reason="it is longer than 64 KiB")
        except TimeoutError:
            fault = endpoint.fault("tokenEndpointUnreachable", reason=_LATE)
        except OSError:
            fault = endpoint.fault("tokenEndpointUnreachable", reason=_BROKEN_OFF)
        wire.note(fault.facts.get("reason", fault.code))
        raise fault


def _connect(endpoint: Endpoint, deadline: Deadline, resolver: Resolver | None) -> Connection:
    try:
        return DirectDialer(endpoint.host, endpoint.port, resolver=resolver).connect(deadline)
    except SmtpFault as fault:
        if fault.code == "hostNotFound":
            raise endpoint.fault("tokenHostNotFound") from None
        if fault.code == "forbiddenAddress":
            raise endpoint.fault("tokenHostForbidden", **fault.facts, variant="address") from None
        raise endpoint.fault("tokenEndpointUnreachable", reason=_UNREACHED[fault.code]) from None
