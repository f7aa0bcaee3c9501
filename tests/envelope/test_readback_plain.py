"""What is plain the standard library's reader reads as it was meant, so it need not be asked about each message."""

from __future__ import annotations

import email
import email.policy

from hypothesis import given
from hypothesis import strategies as st

from reconciler.envelope.readback import _PLAIN, read_mailbox

PLAIN = st.from_regex(_PLAIN, fullmatch=True)


@given(PLAIN, st.sampled_from(["From", "Sender", "Reply-To", "To"]))
def test_what_is_plain_is_read_alike(value: str, name: str) -> None:
    """Name and address are those that the strict reader finds, and there is one header with one mailbox."""
    read = email.message_from_string(f"{name}: {value}\r\n\r\n", policy=email.policy.SMTP)
    assert [name] == read.keys()
    assert [] == read.defects
    (found,) = read[name].addresses
    assert (found.display_name or None, found.addr_spec) == read_mailbox(name, value)
