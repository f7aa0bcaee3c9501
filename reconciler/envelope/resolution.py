"""The override: for each contact, which address and which name, and a reason for each decision.

Premise: an account *declares* which details of a card replace its own values; each card has them or not, and what it
has may be unusable. Terms: a *half* is the address or the name of a mailbox; a detail is *missing* when the card lacks
it or it is blank, *invalid* when its value cannot be used. By default each half falls back on its own, to the account's
value for From and to the contact's for To; with ``pairing: together`` both details are used or neither. ``onMissing``
and ``onInvalid`` may say skip: then the contact gets no message.

The address is settled before the name, because a name is judged by the address that it will stand beside.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple

from reconciler.characters import SHOWN_ADDRESS, clip
from reconciler.classes import FrozenByName, dataclass
from reconciler.envelope import reasons
from reconciler.envelope.details import Unusable, normal, usable_address, usable_name
from reconciler.model.accounts.kinds import KINDS
from reconciler.model.mail.resolution import Mailbox, Reasons, Resolution

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.model.accounts.kinds import Kind
    from reconciler.model.accounts.settings import ResolvedOverride, ResolvedReplyTo, Settings
    from reconciler.model.mail.contacts import Contact
    from reconciler.model.mail.resolution import Reason, ReasonCode

_MOST_AUTHORS = 256
"""So many of those whom messages come from are kept, as a team's keepers are; each may be as long as a card."""
_MOST_TOLD = 1024
"""So many combinations of reasons are kept: without values that cannot be used there are a few dozen."""
_INVALID: frozenset[ReasonCode] = frozenset({"detailInvalid", "contactNameInvalid"})

Party = Literal["from", "to"]


class Identity(FrozenByName):
    """What of an account decides who a contact sees."""

    mailbox: Mailbox
    """The account's own address and name."""
    replies: tuple[ResolvedReplyTo, ...]
    """Where replies go, as declared; nothing: to the address that the message is sent from."""
    override_from: ResolvedOverride | None = None
    override_to: ResolvedOverride | None = None

    @property
    def details(self) -> tuple[str, ...]:
        """The names of the details that are looked for, sorted."""
        overrides = [each for each in (self.override_from, self.override_to) if each]
        names = {name for each in overrides for name in (each.email_detail, each.display_name_detail) if name}
        return tuple(sorted(names))


class _Half(NamedTuple):
    """One half as a detail has it: a value, or why there is none."""

    value: str | None = None
    problem: Literal["missing", "invalid"] | None = None
    reason: Reason | None = None


_NO_HALF = _Half()
_NOTHING = Reasons()


class _Own(NamedTuple):
    """What a party falls back to, and how its name came about."""

    mailbox: Mailbox
    name_reason: Reason


class _Settled(NamedTuple):
    """One mailbox as decided; None: the contact is to be skipped."""

    mailbox: Mailbox | None
    reasons: Reasons


class _Fallen(NamedTuple):
    """What comes of a card that has no value for any of the details."""

    is_skipped: bool
    reasons: Reasons


@dataclass(frozen=True, slots=True, eq=False)
class _Author:
    """What is seen of whom a message comes from, and where replies to it go. One that is kept is the same one again."""

    settled: _Settled
    sender: Mailbox | None = None
    replies: tuple[Mailbox, ...] = ()
    reply_reason: tuple[Reason, ...] = ()
    notices: tuple[Reason, ...] = ()
    is_ascii: bool = True

    def told_with(self, addressee: Reasons) -> Reasons:
        """Return all that is told of a message, in its order."""
        return Reasons((*self.settled.reasons, *addressee, *self.reply_reason, *self.notices))


def identity_of(kind: Kind, settings: Settings) -> Identity:
    """Return what decides who a contact sees, from an account's canonical settings.

    Overrides count for the kinds that take them: most providers refuse a foreign From through somebody's mailbox.

    >>> from reconciler.model.accounts.settings import ResolvedOverride, Settings
    >>> keeper = ResolvedOverride(email_detail="keeper")
    >>> settings = Settings(email="news@example.com", display_name="News", override_from=keeper)
    >>> identity_of("MarketingAccount", settings).details, identity_of("OwnAccount", settings).details
    (('keeper',), ())
    """
    takes_overrides = KINDS[kind].takes_overrides
    return Identity(
        mailbox=Mailbox(email=settings.email, display_name=settings.display_name),
        replies=settings.replies,
        override_from=settings.override_from if takes_overrides else None,
        override_to=settings.override_to if takes_overrides else None,
    )


def resolve_contact(identity: Identity, contact: Contact) -> Resolution:
    """Return who the contact would see, and why, or why nothing is sent to it; see ``Resolver``.

    >>> from reconciler.model.mail.contacts import Contact
    >>> identity = Identity(mailbox=Mailbox(email="news@example.com", display_name="News"), replies=())
    >>> resolve_contact(identity, Contact(email="anna@example.com")).author
    Mailbox(email='news@example.com', display_name='News')
    >>> resolve_contact(identity, Contact(email="")).outcome
    'skip'
    """
    return Resolver(identity).resolve(contact)


class Resolver:
    """Resolves contacts for one account. What does not hang on the contact is made once, as is what many have in common."""

    def __init__(self, identity: Identity) -> None:
        """Keep the account's part."""
        self._identity = identity
        self._own = _Own(mailbox=identity.mailbox, name_reason=reasons.own_value("from", "displayName"))
        self._author = _Party(identity.override_from, "from")
        self._addressee = _Party(identity.override_to, "to")
        self._seen = lru_cache(maxsize=_MOST_AUTHORS)(self._author_of)
        self._told = lru_cache(maxsize=_MOST_TOLD)(_Author.told_with)

    def resolve(self, contact: Contact) -> Resolution:
        """Return who the contact would see, and why, or why nothing is sent to it.

        A contact whose own address is missing or unusable is skipped, whatever its details say: the address is what the
        contact is known by.
        """
        try:
            email = normal(contact.email)
            address = usable_address(email) if email else None
        except Unusable as refusal:
            return self._skipped(contact, reasons.contact_email_invalid(refusal))
        if address is None:
            return self._skipped(contact, reasons.contact_email_missing())
        author = self._seen(*self._author.details_of(contact))
        addressee = self._addressee
        to = addressee.settle(*addressee.details_of(contact), _contact_own(contact, address))
        if author.settled.mailbox is None or to.mailbox is None:
            return self._skipped(contact, *_of_skipped(author.settled), *_of_skipped(to))
        why = self._told(author, to.reasons)
        if to.mailbox.email != address:
            why = Reasons((*why, reasons.addressee_overridden(to.mailbox.email)))
        return self._sent(contact, author, to.mailbox, why)

    def _author_of(self, email: str | None, name: str | None) -> _Author:
        """Return what is to be seen of whom these details name, as the contact's keeper: many have the same."""
        identity, settled = self._identity, self._author.settle(email, name, self._own)
        author = settled.mailbox
        if author is None:
            return _Author(settled)
        (reply_to, *further), reply_reason = _replies(identity.replies, author)
        addresses = (author.email, identity.mailbox.email, reply_to.email, *(each.email for each in further))
        return _Author(
            settled,
            sender=identity.mailbox if author.email != identity.mailbox.email else None,
            replies=(reply_to, *further),
            reply_reason=(reply_reason,),
            notices=() if _is_aligned(author, identity) else (reasons.unaligned(author.email, identity.mailbox.email),),
            is_ascii=all(map(str.isascii, addresses)),
        )

    def _sent(self, contact: Contact, author: _Author, to: Mailbox, why: Reasons) -> Resolution:
        needs_smtputf8 = not (author.is_ascii and to.email.isascii())
        if needs_smtputf8:
            why = Reasons((*why, reasons.needs_smtputf8()))
        return Resolution(
            contact=clip(contact.email, SHOWN_ADDRESS),
            line=contact.line,
            outcome="send",
            envelope_from=self._identity.mailbox.email,
            author=author.settled.mailbox,
            sender=author.sender,
            to=to,
            reply_to=author.replies[0],
            further_replies=author.replies[1:],
            needs_smtputf8=needs_smtputf8,
            reasons=why,
        )

    def _skipped(self, contact: Contact, *told: Reason) -> Resolution:
        return Resolution(
            contact=clip(contact.email, SHOWN_ADDRESS),
            line=contact.line,
            outcome="skip",
            envelope_from=self._identity.mailbox.email,
            author=None,
            to=None,
            reply_to=None,
            reasons=Reasons(told),
        )


def _of_skipped(settled: _Settled) -> tuple[Reason, ...]:
    """Return what is told of one mailbox of a contact that is skipped: why, and what could not be used at all."""
    if settled.mailbox is None:
        return settled.reasons
    return tuple(reason for reason in settled.reasons if reason.code in _INVALID)


def _contact_own(contact: Contact, address: str) -> _Own:
    """Return the contact's own mailbox; a name that cannot be used is left out."""
    try:
        name = normal(contact.name)
        if name is not None:
            return _Own(Mailbox(email=address, display_name=usable_name(name, address)), _OWN_NAME)
    except Unusable as refusal:
        return _Own(Mailbox(email=address), reasons.contact_name_invalid(refusal))
    return _Own(Mailbox(email=address), reasons.contact_unnamed())


_OWN_NAME = reasons.own_value("to", "displayName")


class _Party:
    """How one mailbox is decided: by the details that an override names, or without one."""

    def __init__(self, override: ResolvedOverride | None, party: Party) -> None:
        self._override = override
        self._party: Party = party
        self._not_overridden = reasons.own_value(party, "email")
        self._names = tuple(
            unicodedata.normalize("NFC", name) if name is not None else None
            for name in ((override.email_detail, override.display_name_detail) if override else (None, None))
        )
        self._without_details = lru_cache(maxsize=_MOST_TOLD)(self._fall_back)

    def details_of(self, contact: Contact) -> tuple[str | None, str | None]:
        """Return what the card has for address and name."""
        email, name = self._names
        details = contact.details
        return (None if email is None else details.get(email), None if name is None else details.get(name))

    def settle(self, email_text: str | None, name_text: str | None, own: _Own) -> _Settled:
        """Decide the mailbox by what the card has; ``own`` is what it falls back to."""
        override, party = self._override, self._party
        if override is None or not (email_text or name_text):  # then it hangs on few values, the same for many
            is_skipped, told = self._without_details(own.name_reason, own.mailbox.display_name is None)
            return _Settled(None if is_skipped else own.mailbox, told)
        email = _half(email_text, override.email_detail, usable_address, where=(party, "email"), override=override)
        is_paired = override.pairing == "together"
        beside = email.value or ("" if is_paired else own.mailbox.email)
        name = _half(
            name_text,
            override.display_name_detail,
            lambda text: usable_name(text, beside),
            where=(party, "displayName"),
            override=override,
        )
        skipped = _why_skipped(email, name, override)
        if skipped:
            return _Settled(None, skipped)
        if is_paired:
            email, name = _paired(email, name, override, party)
        return _combined(email, name, own, override=override, party=party)

    def _fall_back(self, name_reason: Reason, is_nameless: bool, /) -> _Fallen:  # noqa: FBT001 - lru_cache is quicker so
        """Return what comes of a card without any of the details: one value for all whose own name has one reason."""
        override, party = self._override, self._party
        if override is None:
            return _Fallen(is_skipped=False, reasons=Reasons((self._not_overridden, name_reason)))
        email = _half(None, override.email_detail, usable_address, where=(party, "email"), override=override)
        name = _half(None, override.display_name_detail, str, where=(party, "displayName"), override=override)
        skipped = _why_skipped(email, name, override)
        told = _told_of(email, name, override, party, name_reason=name_reason, is_nameless=is_nameless)
        return _Fallen(is_skipped=bool(skipped), reasons=skipped or told)


def _half(
    value: str | None,
    detail: str | None,
    usable: Callable[[str], str],
    *,
    where: tuple[Party, reasons.HalfName],
    override: ResolvedOverride,
) -> _Half:
    """Return the value of a detail, or why there is none; neither where no detail is declared."""
    if detail is None:
        return _NO_HALF
    try:
        text = normal(value)
        if text is None:
            told = reasons.detail_missing(where, detail, policy=override.on_missing)
            return _Half(problem="missing", reason=told)
        return _Half(value=usable(text), reason=reasons.detail_taken(where, detail))
    except Unusable as refusal:
        told = reasons.detail_invalid(where, detail, refusal, policy=override.on_invalid)
        return _Half(problem="invalid", reason=told)


def _skips(half: _Half, override: ResolvedOverride) -> bool:
    if half.problem is None:
        return False
    return (override.on_missing if half.problem == "missing" else override.on_invalid) == "skip"


def _why_skipped(email: _Half, name: _Half, override: ResolvedOverride) -> Reasons:
    """Return why the contact is to be skipped by one of the halves, and what else cannot be used; nothing: it is not."""
    if not (_skips(email, override) or _skips(name, override)):
        return _NOTHING
    kept = [half for half in (email, name) if _skips(half, override) or half.problem == "invalid"]
    return Reasons(half.reason for half in kept if half.reason)


def _paired(email: _Half, name: _Half, override: ResolvedOverride, party: Party) -> tuple[_Half, _Half]:
    """Return both halves as they are, or neither where one of them has a problem."""
    if email.problem and name.value:
        return email, _Half(reason=reasons.pair_incomplete((party, "displayName"), override.display_name_detail))
    if name.problem and email.value:
        return _Half(reason=reasons.pair_incomplete((party, "email"), override.email_detail)), name
    return email, name


def _combined(email: _Half, name: _Half, own: _Own, *, override: ResolvedOverride, party: Party) -> _Settled:
    """Return the mailbox made of what the details gave, and of the party's own values for the rest."""
    if name.value is None and email.value is not None:
        own = _beside(own, email.value, party)
    mailbox = own.mailbox
    if email.value is not None or name.value is not None:
        mailbox = Mailbox(email=email.value or own.mailbox.email, display_name=name.value or own.mailbox.display_name)
    is_nameless = own.mailbox.display_name is None
    told = _told_of(email, name, override, party, name_reason=own.name_reason, is_nameless=is_nameless)
    return _Settled(mailbox, told)


def _told_of(
    email: _Half, name: _Half, override: ResolvedOverride, party: Party, *, name_reason: Reason, is_nameless: bool
) -> Reasons:
    """Return what is told of a mailbox of these halves, by what is to be said of the party's own name, if it has one."""
    told = [email.reason or reasons.own_value(party, "email"), name.reason or name_reason]
    is_nameless = name.value is None and is_nameless
    if is_nameless and name.reason is not None:
        told.append(name_reason)
    is_declared_for_both = override.email_detail is not None and override.display_name_detail is not None
    is_mixed = (email.value is None) != (name.value is None) and not is_nameless
    if is_declared_for_both and is_mixed:
        told.append(reasons.mixed_identity(party, is_name_own=name.value is None))
    return Reasons(told)


def _beside(own: _Own, address: str, party: Party) -> _Own:
    """Return the contact's own name judged anew, since it would stand beside the address of a detail.

    The account's name was chosen by whoever answers for the account, and is not judged.
    """
    if party == "from" or own.mailbox.display_name is None:
        return own
    try:
        usable_name(own.mailbox.display_name, address)
    except Unusable as refusal:
        return _Own(mailbox=Mailbox(email=own.mailbox.email), name_reason=reasons.contact_name_invalid(refusal))
    return own


def _replies(declared: tuple[ResolvedReplyTo, ...], author: Mailbox) -> tuple[tuple[Mailbox, ...], Reason]:
    """Return where replies go. A name alone goes with the address that the message is sent from."""
    if not declared:
        return (author,), reasons.reply_to_sender()
    mailboxes = tuple(Mailbox(email=each.email or author.email, display_name=each.display_name) for each in declared)
    is_address = declared[0].email is not None
    return mailboxes, reasons.reply_to_declared() if is_address else reasons.reply_to_name_only()


def _is_aligned(author: Mailbox, identity: Identity) -> bool:
    """Tell whether From is of the account's domain or one below it; what else may align depends on the DNS."""
    domain, own = (address.rpartition("@")[2] for address in (author.email, identity.mailbox.email))
    return domain == own or domain.endswith(f".{own}")
