"""OAuth2 access tokens, each asked for once a run: by refresh token, client credentials, or for a service account.

Sources: RFC 6749, RFC 7523.

Not allowed here: reading secrets or state, deciding routes, logging what goes over the wire, writing a token or a
refresh token anywhere. Whatever goes wrong is an ``SmtpFault`` of step auth, with a code of ``model.check_codes``.

The endpoint is reached directly, whatever proxy the account's mail takes: the route of its secrets has none.

The client tells its secret in the body of the request (``client_secret_post``, RFC 6749 section 2.3.1), which is what
Microsoft and Google document; a public client has none. A certificate or a service account's key signs the request and
stays here: the endpoint sees the signature, valid for minutes and for itself alone.

An endpoint may answer a refresh token with a new one. Within the run the new one is used for whatever is asked later;
beyond it nothing is kept, because secrets come from
their sources alone, and no warning is given, because Microsoft sends a new one each time and leaves the old one
valid. Where a provider revokes the old one, the sentence of the next refusal says so.
"""

from reconciler.oauth2.cache import TokenCache
from reconciler.oauth2.request import TokenRequest

__all__ = ["TokenCache", "TokenRequest"]
