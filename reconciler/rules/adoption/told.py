"""What is told of accounts that are taken over: as comments in manifests, and as remarks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.diagnostics import Diagnostic, Location, note, warning

if TYPE_CHECKING:
    from reconciler.model.adoption.adopted import Taken
    from reconciler.rules.adoption.wanted import WantedAccount

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def place_of(taken: Taken) -> Location:
    """Return the place of a source without its line, so that a remark on many of its accounts is told once.

    >>> from reconciler.model.adoption.adopted import Taken
    >>> from reconciler.model.adoption.found import FoundAccount
    >>> str(place_of(Taken(found=FoundAccount(label="sales", line=12), kind="msmtp", file="~/.msmtprc")))
    '~/.msmtprc'
    """
    return Location(taken.file)


def differs(account: WantedAccount, name: str) -> Diagnostic:
    """Return the warning that a manifest declares an account otherwise."""
    detail = (
        f"{name} declares {account.email} at {account.way.host} already, with another port, encryption or user name than "
        f"the source, which has {account.way}. The manifest was left as it is."
    )
    return warning("accountDiffers", detail, subject=name, location=place_of(account.taken))


def twice(account: WantedAccount, first: WantedAccount) -> Diagnostic:
    """Return the remark that an account was taken already."""
    detail = f"{account.email or account.way.host} is the same account as {first.found.label} in {first.taken.file}; it was taken once."
    return note("settingNotTaken", detail, subject=account.found.label, location=place_of(account.taken))


def without_address(account: WantedAccount, name: str) -> Diagnostic:
    """Return the remark that a server was taken, and no account."""
    detail = (
        f"The source does not say which address is sent from, so {name} is a MailServer, and no account yet. Add one with\n"
        f"    reconciler accounts add own --server {name} --email ADDRESS"
    )
    return note("addressNotSaid", detail, subject=name, location=place_of(account.taken))


def doubt_of(account: WantedAccount) -> str:
    """Return what is to be known of the encryption that is written; empty where the source was sure and safe."""
    security = account.found.security
    if security.encryption == "none":
        if account.found.has_login and account.way.host not in _LOOPBACK:
            return f"unsafe: {security.why}. A login is never made without encryption: write starttls or tls."
        return f"unsafe: {security.why}."
    if security.certainty == "certain":
        return ""
    return f"{'contradiction' if security.certainty == 'contradiction' else 'not certain'}: {security.why}."


def remarks(account: WantedAccount, name: str) -> list[Diagnostic]:
    """Return what is to be told of an account that was taken: what is lost, and how sure its encryption is."""
    place = place_of(account.taken)
    told = [note("settingNotTaken", each, subject=name, location=place) for each in account.found.lost]
    security = account.found.security
    why = f"{security.why[:1].upper()}{security.why[1:]}."
    if security.encryption == "none":
        detail = f"{why} The manifest says so too. Write encryption: starttls or tls where the server has it."
        told.append(warning("settingUnsafe", detail, subject=name, location=place))
    elif security.certainty == "contradiction":
        detail = f"{why} {account.way.encryption} was written, as that port usually speaks. To ask the server, without a login, add --probe."
        told.append(warning("settingContradicts", detail, subject=name, location=place))
    elif security.certainty == "server":
        detail = f"{why} {account.way.encryption} was written, which fails where the server does not have it. To ask the server, without a login, add --probe."
        told.append(note("settingUncertain", detail, subject=name, location=place))
    return told
