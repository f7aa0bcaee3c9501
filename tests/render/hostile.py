"""Saved plans in which every text is somebody else's, and what such a somebody would write."""

from __future__ import annotations

from reconciler.model.plan import ApplyInputs, PreparedAccount, SavedPlan
from tests.render.saved import saved
from tests.render.test_hostile import hostile_plan, hostile_route

MARKUP = (
    "@octocat", "see #1 and GH-2 and org/team@0123abc and @org/team", "![x](https://evil.invalid/a.png)",
    "[x](javascript:alert(1))", "<img src=x onerror=alert(1)>", "<script>alert(1)</script>", "--> <!-- x",
    "</details></code></pre>", "`@octocat`", "```\n@octocat\n```", "~~~\n# x", "a|b|c", "\n\n# Heading\n\n- item",
    "https://evil.invalid www.evil.invalid a@evil.invalid", "\n/close\n/approve", "\n::error::x", "::warning file=a::b",
    "%0A::error::x", "\\`@octocat\\`", "&#64;octocat &lt;b&gt;", "*b* _i_ ~~s~~", "]]>", "\\", "", " ", "`", "\x00\x1b[2J",
    "{{ 7*7 }} {% raw %}", '" onmouseover="alert(1)', "##vso[task]", "\u202egnp\ufffe\uffff",
)  # fmt: skip
"""Texts that would be a mention, a link, an image, HTML, a command or the end of what they stand in."""


def hostile_saved_plan(text: str, *, copies: int = 1) -> SavedPlan:
    """Return a saved plan, blocked, in which every free text is the given one."""
    plan = hostile_plan(text)
    problems = tuple(
        type(problem)(problem.severity, problem.code, problem.summary, f"{problem.detail}{number}", problem.subject,
                      problem.location)
        for number in range(copies)
        for problem in plan.diagnostics
    )  # fmt: skip
    smtp = {"host": text, "port": 25, "encryption": "none", "authentication": {"username": text, "password": text}}
    account = PreparedAccount(
        document={"metadata": {}, "spec": {"email": text, "displayName": text, "smtp": smtp}},
        needs_evidence=True,
        manifest=text,
        awaits_approval=True,
    )
    made = saved(
        plan.model_copy(update={"changes_digest": text, "lifted_guards": plan.lifted_guards * copies}),
        {change.name: account for change in plan.changes if change.action != "delete"},
    )
    inputs: ApplyInputs = made.inputs.model_copy(
        update={"grants_used": (text,) * copies, "platform_routes": (hostile_route(text),)}
    )
    return made.model_copy(update={"inputs": inputs, "diagnostics": problems})
