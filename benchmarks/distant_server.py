"""A mail server on the loopback interface that takes its time before each reply, as a distant one does.

    python -m benchmarks.distant_server --delay-seconds 0.1 --certificate PEM

prints its port and serves until its standard input ends. It speaks as much SMTP as a check needs and takes every
login; one process serves thousands of connections.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import ssl
import sys

_EHLO = "250-distant.example\r\n250-PIPELINING\r\n{starttls}250-AUTH PLAIN LOGIN\r\n250 8BITMIME\r\n"
_REPLIES = {
    b"AUTH": "235 2.7.0 welcome\r\n",
    b"MAIL": "250 2.1.0 ok\r\n",
    b"RCPT": "250 2.1.5 ok\r\n",
    b"RSET": "250 2.0.0 ok\r\n",
}
_BACKLOG = 4096


class Conversation:
    """The server's half of one conversation."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, delay_seconds: float, tls: ssl.SSLContext
    ) -> None:
        """Take over a connection."""
        self._reader = reader
        self._writer = writer
        self._delay_seconds = delay_seconds
        self._tls = tls
        self._is_encrypted = False

    async def hold(self) -> None:
        """Answer until the client leaves."""
        try:
            await self._say("220 distant.example ready\r\n")
            while line := await self._reader.readline():
                verb = line[:4].upper()
                if verb == b"QUIT":
                    await self._say("221 2.0.0 bye\r\n")
                    break
                await self._answer(verb.rstrip())
        except (ConnectionError, ssl.SSLError):
            pass  # the client has left
        finally:
            self._writer.close()

    async def _answer(self, verb: bytes) -> None:
        if verb == b"STAR":
            await self._say("220 go ahead\r\n")
            await self._writer.start_tls(self._tls)
            self._is_encrypted = True
        elif verb == b"EHLO":
            await self._say(_EHLO.format(starttls="" if self._is_encrypted else "250-STARTTLS\r\n"))
        else:
            await self._say(_REPLIES.get(verb, "500 5.5.1 what?\r\n"))

    async def _say(self, reply: str) -> None:
        await asyncio.sleep(self._delay_seconds)
        self._writer.write(reply.encode("ascii"))
        await self._writer.drain()


async def serve(certificate: str, delay_seconds: float) -> None:
    """Serve on a free port until standard input ends."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)

    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await Conversation(reader, writer, delay_seconds=delay_seconds, tls=tls).hold()

    server = await asyncio.start_server(hold, "127.0.0.1", 0, backlog=_BACKLOG)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        os._exit(0)  # whoever is still being answered has what they wanted


def main() -> int:
    """Parse the arguments and serve."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.distant_server")
    parser.add_argument("--certificate", required=True, help="key and certificate in PEM form")
    parser.add_argument("--delay-seconds", type=float, default=0.1)
    arguments = parser.parse_args()
    asyncio.run(serve(arguments.certificate, arguments.delay_seconds))
    return 0


if __name__ == "__main__":
    sys.exit(main())
