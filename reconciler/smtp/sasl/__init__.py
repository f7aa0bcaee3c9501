"""SASL: one login by one mechanism, and the choice of the mechanism. RFC 4422, in SMTP's profile RFC 4954.

Each family of mechanisms has a module; ``choice`` holds the one list of all. To add a mechanism, write its class
(``exchange.Exchange``) and put it into that list at its place by strength. Not allowed here: sockets, base64 on the
wire and the words of replies, which are the session's; randomness, which is handed in.
"""

from reconciler.smtp.sasl.choice import AUTOMATIC, MECHANISMS, choose, fitting, has_another
from reconciler.smtp.sasl.exchange import Credential, Exchange

__all__ = ["AUTOMATIC", "MECHANISMS", "Credential", "Exchange", "choose", "fitting", "has_another"]
