"""What is plain the standard library's reader reads as it was meant, so it need not be asked about each message."""

from __future__ import annotations

import email
import email.policy

from hypothesis import given
from hypothesis import strategies as st

from reconciler.envelope.readback import _PLAIN, UnfaithfulHeader, read_mailbox, reads_plainly
from reconciler.model.mail.resolution import Mailbox

PLAIN = st.from_regex(_PLAIN, fullmatch=True)


@given(PLAIN, st.sampled_from(["From", "Sender", "Reply-To", "To"]))
def test_what_is_plain_is_read_alike(value: str, name: str) -> None:
    """Name and address are those that the strict reader finds, and there is one header with one mailbox."""
    read = email.message_from_string(f"{name}: {value}\r\n\r\n", policy=email.policy.SMTP)
    assert [name] == read.keys()
    assert [] == read.defects
    (found,) = read[name].addresses
    assert (found.display_name or None, found.addr_spec) == read_mailbox(name, value)


@given(PLAIN | st.text(max_size=20), st.sampled_from(["anna@example.com", "<anna@example.com>", "other@example.com"]))
def test_what_reads_plainly_the_strict_reader_finds(value: str, other: str) -> None:
    """A value that is said to hold a mailbox holds it, and none is said to hold another than it does."""
    try:
        name, address = read_mailbox("To", value)
    except UnfaithfulHeader:
        assert not reads_plainly(value, Mailbox(email=other))
        return
    is_short_and_plain = len(value) <= 200 and _PLAIN.fullmatch(value) is not None
    assert is_short_and_plain == reads_plainly(value, Mailbox(email=address, display_name=name))
    assert not reads_plainly(value, Mailbox(email=f"x{address}", display_name=name))
    assert not reads_plainly(value, Mailbox(email=address, display_name=f"x{name}"))
