"""From what was found out about domains to the domain checks of one account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.accounts.kinds import KINDS
from reconciler.model.text.domains import NotADomain, address_domain, domain_to_ascii
from reconciler.model.verification.codes import CHECK_CODES
from reconciler.model.verification.evidence import ADVISORY, DOMAIN_CHECKS, Check, skipped_check
from reconciler.verification.domains.examine import AnyQuestion, Examination, Question, ServerQuestion

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconciler.model.accounts.kinds import Kind
    from reconciler.model.project import Domain
    from reconciler.model.verification.codes import CheckCode
    from reconciler.model.verification.evidence import CheckName, CheckStatus
    from reconciler.verification.domains.sentences import Remark

_MOST_SENTENCES = 4
_NO_SERVER = (
    "Not made: the account has no server of which this machine may ask the DNS; a proxy looks it up, or there is none."
)


def domains_asked(
    email: str, reply_to: Sequence[str], domains: Mapping[str, Domain], *, server: ServerQuestion | None = None
) -> dict[CheckName, AnyQuestion]:
    """Return the question that each check of an account asks; a check that nothing is declared for asks none.

    ``domains`` are the project file's, by name as written. ``server`` is asked about where the account's is known here.
    """
    domain = address_domain(email)
    selectors = selectors_of(domain, domains)
    own = Question(domain=domain, selectors=selectors)
    asked: dict[CheckName, AnyQuestion] = {"spf": own, "dmarc": own, "mx": own, "mtaSts": own, "tlsRpt": own}
    if server is not None:
        asked |= {"spfServer": server, "dane": server}
    if selectors:
        asked["dkim"] = own
    if reply_to:
        first, *further = dict.fromkeys(map(address_domain, reply_to))
        asked["replyTo"] = Question(domain=first, is_reply_to=True, further=tuple(further))
    return asked


def selectors_of(domain: str, domains: Mapping[str, Domain]) -> tuple[str, ...]:
    """Return the DKIM selectors that the project file names for a domain, sorted."""
    found = {each for written, known in domains.items() if _is_same(written, domain) for each in known.dkim_selectors}
    return tuple(sorted(found))


def _is_same(written: str, domain: str) -> bool:
    try:
        return domain_to_ascii(written.removesuffix(".")) == domain
    except NotADomain:
        return False


def domain_checks(
    kind: Kind,
    asked: Mapping[CheckName, AnyQuestion],
    examined: Mapping[AnyQuestion, Examination],
    *,
    is_enforced: bool,
) -> tuple[Check, ...]:
    """Return the domain checks of an account in their order; failures warn unless they are enforced."""
    return tuple(
        _check(
            check,
            examined[asked[check]],
            blocks=is_enforced and check not in ADVISORY | KINDS[kind].never_blocking,
        )
        if check in asked
        else _not_declared(check, asked["spf"].domain)
        for check in DOMAIN_CHECKS
    )


def _not_declared(check: CheckName, domain: str) -> Check:
    message = {
        "dkim": f"Not made: reconciler.yaml declares no DKIM selectors of {domain}. Write domains: "
        f"{{{domain}: {{dkimSelectors: [SELECTOR]}}}}.",
        "replyTo": "Not made: the account declares no reply-to address.",
        "spfServer": _NO_SERVER,
        "dane": _NO_SERVER,
    }[check]
    return skipped_check(check, "notDeclared", message)


def _check(check: CheckName, examination: Examination, *, blocks: bool) -> Check:
    """Return the check that remarks amount to: the gravest gives the code, and all are told up to a number."""
    remarks = sorted(examination.remarks[check], key=_gravity)
    code = CHECK_CODES[remarks[0].code]
    is_failed = code.kind == "failed" and blocks
    return Check(
        check=check,
        status=_status(code, is_failed=is_failed),
        class_=code.failure_class if is_failed else None,
        code=code.name,
        message=_told(remarks),
        seconds=examination.seconds.get(check, 0.0),
    )


def _status(code: CheckCode, *, is_failed: bool) -> CheckStatus:
    if code.kind == "failed":
        return "failed" if is_failed else "warned"
    return code.kind


def _gravity(found: Remark) -> int:
    code = CHECK_CODES[found.code]
    return {"failed": 0, "warned": 2, "passed": 3}.get(code.kind, 3) + (code.failure_class == "transient")


def _told(remarks: Sequence[Remark]) -> str:
    left_out = len(remarks) - _MOST_SENTENCES
    more = f" {left_out} more like these." if left_out > 0 else ""
    return " ".join(each.message for each in remarks[:_MOST_SENTENCES]) + more
