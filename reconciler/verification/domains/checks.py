"""From what was found out about domains to the five checks of one account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.accounts.kinds import KINDS
from reconciler.model.text.domains import NotADomain, address_domain, domain_to_ascii
from reconciler.model.verification.codes import CHECK_CODES
from reconciler.model.verification.evidence import DOMAIN_CHECKS, Check
from reconciler.verification.domains.examine import Examination, Question

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconciler.model.accounts.kinds import Kind
    from reconciler.model.project import Domain
    from reconciler.model.verification.evidence import CheckName
    from reconciler.verification.domains.sentences import Remark

_MOST_SENTENCES = 4


def domains_asked(email: str, reply_to: str | None, domains: Mapping[str, Domain]) -> dict[CheckName, Question]:
    """Return the question that each check of an account asks; a check that nothing is declared for asks none.

    ``domains`` are the project file's, by name as written.
    """
    domain = address_domain(email)
    selectors = _selectors(domain, domains)
    own = Question(domain=domain, selectors=selectors)
    asked: dict[CheckName, Question] = {"spf": own, "dmarc": own, "mx": own}
    if selectors:
        asked["dkim"] = own
    if reply_to is not None:
        asked["replyTo"] = Question(domain=address_domain(reply_to), is_reply_to=True)
    return asked


def _selectors(domain: str, domains: Mapping[str, Domain]) -> tuple[str, ...]:
    found = {each for written, known in domains.items() if _is_same(written, domain) for each in known.dkim_selectors}
    return tuple(sorted(found))


def _is_same(written: str, domain: str) -> bool:
    try:
        return domain_to_ascii(written.removesuffix(".")) == domain
    except NotADomain:
        return False


def domain_checks(
    kind: Kind,
    asked: Mapping[CheckName, Question],
    examined: Mapping[Question, Examination],
    *,
    is_enforced: bool,
) -> tuple[Check, ...]:
    """Return the five checks of an account in their order; failures warn unless they are enforced."""
    return tuple(
        _check(
            check,
            examined[asked[check]],
            blocks=is_enforced and check not in KINDS[kind].never_blocking,
        )
        if check in asked
        else _not_declared(check, asked["spf"].domain)
        for check in DOMAIN_CHECKS
    )


def skipped_domain_checks(code: str, message: str) -> tuple[Check, ...]:
    """Return the five checks as skipped for the same reason."""
    return tuple(Check(check=check, status="skipped", code=code, message=message) for check in DOMAIN_CHECKS)


def _not_declared(check: CheckName, domain: str) -> Check:
    message = {
        "dkim": f"Not made: reconciler.yaml declares no DKIM selectors of {domain}. Write domains: "
        f"{{{domain}: {{dkimSelectors: [SELECTOR]}}}}.",
        "replyTo": "Not made: the account declares no reply-to address.",
    }[check]
    return Check(check=check, status="skipped", code="notDeclared", message=message)


def _check(check: CheckName, examination: Examination, *, blocks: bool) -> Check:
    """Return the check that remarks amount to: the gravest gives the code, and all are told up to a number."""
    remarks = sorted(examination.remarks[check], key=_gravity)
    code = CHECK_CODES[remarks[0].code]
    is_failed = code.kind == "failed" and blocks
    return Check(
        check=check,
        status="failed" if is_failed else "warned" if code.kind != "passed" else "passed",
        class_=code.failure_class if is_failed else None,
        code=code.name,
        message=_told(remarks),
        seconds=examination.seconds.get(check, 0.0),
    )


def _gravity(found: Remark) -> int:
    code = CHECK_CODES[found.code]
    return {"failed": 0, "warned": 2, "passed": 3}.get(code.kind, 3) + (code.failure_class == "transient")


def _told(remarks: Sequence[Remark]) -> str:
    left_out = len(remarks) - _MOST_SENTENCES
    more = f" {left_out} more like these." if left_out > 0 else ""
    return " ".join(each.message for each in remarks[:_MOST_SENTENCES]) + more
