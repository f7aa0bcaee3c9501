"""The ways through a proxy: SOCKS5, SOCKS4 and 4a (by PySocks), HTTP CONNECT. RFC 1928, 1929, 9110 section 9.3.6.

Not allowed here: looking a mail host up where the proxy is to do it, reading beyond what the proxy itself says, and
letting its words out unmasked. A fault of step ``proxy`` is about the proxy: reaching it, its protocol, its login; a
fault of step ``connect`` is what the proxy tells about the mail server.

To add a kind of proxy, write a module with a function like ``ask_socks5`` and put it into ``dialing.ASKING``.
"""

from reconciler.smtp.proxies.dialing import ProxyDialer

__all__ = ["ProxyDialer"]
