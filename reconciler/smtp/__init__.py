"""One SMTP conversation: resolve, connect, greet, TLS, log in, envelope, message. RFC 5321, 3207, 4954, 8314.

``access`` is a server with what is at hand to log in there, ``opening`` goes from its name to the login, for verifying
and for sending alike; ``session`` has the commands. ``proxies`` holds the ways through a proxy, ``sasl`` the mechanisms
to log in by; each says how to add one.

Not allowed here: knowledge of accounts, advice to people, logging of what goes over the wire. Each step either
returns what it learned or raises ``SmtpFault`` with a code of ``model.check_codes``; a ``Deadline`` bounds every
wait, and caps bound every reply.
"""
