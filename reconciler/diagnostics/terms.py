"""The words of reconciler that messages, help and pages use: what each means, and where it is met.

``reconciler explain WORD`` shows them. A term that stands in a message and not here makes its reader search.
"""

from __future__ import annotations

from typing import NamedTuple


class Term(NamedTuple):
    """What a word means, what it is for, and a line in which it is met."""

    meaning: str
    purpose: str
    met: str
    also: tuple[str, ...] = ()
    """Other words for the same."""


TERMS: dict[str, Term] = {
    # What is declared, and what is recorded
    "account": Term("An address from which the organisation sends: an own mailbox, or one on a marketing platform", "Each is a manifest in git, and what was applied of it is what senders read.", "reconciler accounts list"),
    "manifest": Term("A document in YAML that declares one account or one mail server", "It says how the account is to be; a plan tells what would change for that.", "accounts.d/sales.yaml", ("manifests",)),
    "project file": Term("reconciler.yaml: where manifests and state are, and what a plan may do", "Every command looks for it here and in the folders above.", "reconciler validate", ("project",)),
    "MailServer": Term("A manifest that several accounts share: host, port, encryption and more", "Accounts name it as smtp.server; their own values win.", "smtp: {server: office}", ("mail server", "server")),
    "state": Term("The database of what was applied: accounts, revisions and the journal", "A plan compares the manifests with it. It holds no password.", "reconciler status"),
    "desired": Term("How the manifests say that an account is to be", "A plan leads from what is recorded to what is desired.", "reconciler plan"),
    "recorded": Term("How an account stands in state, since an apply", "This is what senders read; nothing is created at a mail provider.", "reconciler accounts show sales"),
    "observed": Term("What a check saw at a server", "It is kept as evidence beside what was recorded.", "reconciler verify sales"),
    "revision": Term("One applied plan; they are numbered from 1", "An account tells the revision that last changed it.", "reconciler history"),
    "serial": Term("The number of the last revision in state", "A plan notes which one it was made against.", "reconciler status"),
    "lineage": Term("The identity of a state, made with it and never changed", "A plan that was made against another state is refused.", "reconciler state init"),
    # Plans
    "plan": Term("What an apply would change, verified at the servers that it concerns", "It writes nothing; a saved one is applied exactly as it is.", "reconciler plan --out first.plan", ("saved plan",)),
    "change": Term("One create, update, rename or delete of one account, with each field before and after", "All changes of a plan are recorded together, or none is.", "reconciler plan", ("changes",)),
    "apply": Term("Records what a plan shows, all at once, as a revision", "It creates nothing at a mail provider: it records what senders read.", "reconciler apply first.plan"),
    "drift": Term("A difference between what is declared and what is recorded", "A plan finds it; with --detailed-exitcode it ends with 2.", "reconciler plan --detailed-exitcode"),
    "held": Term("Left out of a plan because verification failed, so that the rest can be applied", "A held account stays as it is recorded, and is tried again by the next plan.", "reconciler plan --hold-failing"),
    "guard": Term("A rule that refuses an unsafe plan, such as one that deletes too much", "Each has a code that explain knows, and what lifts it, if anything does.", "guards:\n  maxDeletes: {count: 5, percent: 30}", ("guards",)),
    "stale": Term("Of a plan: something that it changes has changed since it was made", "It is refused with exit code 5; a new plan is right again.", "reconciler plan --out first.plan"),
    "seal": Term("A code over a saved plan that only the key of plans can make", "A plan without one, or with a wrong one, is not believed: what it says is found out anew.", "RECONCILER_PLAN_KEY", ("plan key", "key of plans")),
    "digest": Term("A short code that is the same for the same content only", "By it a plan, an account's settings or a file is recognised.", "reconciler show first.plan --format json", ("settings digest", "hash")),
    "reviewed plan": Term("The plan that somebody agreed to", "apply --reviewed plans anew and records nothing that it did not show.", "reconciler apply --reviewed first.plan", ("review",)),
    "shard": Term("One part of a plan or a verification that several jobs share", "plan merge makes one plan of the parts.", "reconciler plan --shard 1/4 --out part-1.plan", ("part",)),
    # Verification
    "verification": Term("A conversation with an account's server, as a sender would have it, and what was found", "It is tried with the account's own address and password, so that what passes can send.", "reconciler verify sales"),
    "check": Term("One step of a verification, such as dns, tls or auth", "After one that fails the later ones are not made.", "reconciler verify sales", ("checks",)),
    "depth": Term("How far a verification goes: offline, connect, auth, envelope or message", "Each includes those before it; message alone sends mail.", "verification:\n  depth: {plan: envelope, apply: message}"),
    "envelope": Term("What a mail server is told before the message: the sender's address (MAIL) and the recipient's (RCPT)", "A verification of this depth logs in, offers both and then takes it back: no mail is sent. Bounces go to the envelope's sender, which is always the account's own address.", "reconciler plan --depth envelope", ("envelope sender",)),
    "evidence": Term("What a verification found, with its time, its depth, and the settings that it was made with", "While it is fresh and the settings are the same nobody is contacted again.", "verification: {evidenceTtlHours: 24}"),
    "test message": Term("A mail to the operator, sent as the account", "Only it shows that the server takes mail from the account. The plan says how many go to whom.", "verification: {message: sample}"),
    "operator": Term("The person who receives test messages", "The project file, --operator or RECONCILER_OPERATOR names them.", "operator: {email: ops@example.com}"),
    "override verification": Term("An apply of an account although it was not verified, with a reason", "It stays unverified and does not send until it passes.", 'reconciler apply --override-verification "sales=server is not there yet"'),
    "STARTTLS": Term("A connection that begins in clear text and is encrypted on request, usually at port 587", "With encryption: starttls a server that does not offer it is refused, never used in clear text.", "smtp: {host: smtp.example.com, port: 587, encryption: starttls}"),
    "implicit TLS": Term("A connection that is encrypted from its first byte, usually at port 465", "It is encryption: tls. Many programs call it SSL.", "smtp: {host: smtp.example.com, port: 465, encryption: tls}", ("tls", "ssl", "smtps")),
    "private CA": Term("A certificate authority of one's own, trusted for one server beside the system's", "Its PEM file lies in the project, and its content is kept in state.", "smtp: {caFile: certs/internal.pem}", ("ca", "certificate authority")),
    "SPF": Term("The DNS record that lists which servers may send for a domain", "The domain checks tell whether the account's server is in it.", "reconciler domains records sales"),
    "DKIM": Term("A signature of messages, whose public key stands in the domain's DNS", "The domain checks look whether the keys of the selectors named in the project file are there.", "domains:\n  example.com: {dkimSelectors: [s1]}"),
    "DMARC": Term("What a domain asks of receivers whose SPF and DKIM checks fail", "The domain checks tell which policy applies.", "reconciler domains records sales"),
    # Secrets
    "secret": Term("A password, token or key; here it is only ever a reference", "Values are read late and reach neither state, plan, journal nor any message.", "password: {env: SMTP_SALES_PASSWORD}", ("secrets", "password", "credential", "credentials")),
    "reference": Term("How a manifest names a secret: a source and a key, never the value", "What stands behind it may change without the manifest.", "password: {env: SMTP_SALES_PASSWORD}", ("references",)),
    "source": Term("Where values of secrets come from: variables, files, or a program of yours", "Sources of one's own are declared in the project file.", 'secrets:\n  sources:\n    vault: {command: [vault, kv, get, -field=password, "{key}"]}', ("sources",)),
    "rotation": Term("A new value behind a reference that stays", "A plan notices it by its fingerprint and verifies the new value.", "reconciler plan --rotations", ("rotated",)),
    "route": Term("Where a secret travels: user name, host and port, proxy, encryption, private CA", "A secret goes only where it went before, or where a grant allows it.", "reconciler show first.plan --format markdown", ("routes",)),
    "grant": Term("A line in the project file that allows a secret a route that is new to it", "A plan that withholds a credential prints the lines to paste.", 'secrets:\n  grants:\n    - {secret: "env:SMTP_SALES_*", servers: [smtp.new.example]}', ("grants",)),
    "withheld": Term("Of a credential: not sent, since nothing says that it may go there", "The plan is refused with exit code 4, and says which routes are new and what allows them.", "reconciler plan"),
    "first use": Term("The first time that state meets a secret", "It may take one route in a plan, or with firstUse: grant none without a grant.", "secrets: {firstUse: grant}"),
    "fingerprint": Term("A keyed code of a secret's value, kept in state in place of it", "By it a changed value is noticed, and a known one under another name.", "reconciler plan --rotations", ("fingerprints",)),
    "fingerprint key": Term("The key that fingerprints are made with; it is kept outside state", "Without it nobody can try passwords on a stolen state.", "secrets: {fingerprintKey: {env: RECONCILER_FINGERPRINT_KEY}}", ("key of fingerprints",)),
    "untrusted project": Term("A project file that whoever opened the pull request may have written", "In CI its secrets are withheld, unless --project-file names a protected copy or --trust-project says that this branch is protected.", "reconciler plan --trust-project", ("trust",)),
    # People, mail and the platform
    "platform": Term("The marketing platform on whose server marketing accounts are hosted", "It decides by approve and reject whether they may send.", "reconciler approve newsletter"),
    "approval": Term("The platform's decision that a marketing account may send", "It belongs to what was approved: when that changes the account waits again.", "reconciler approve newsletter"),
    "suspension": Term("The emergency stop of an account, in state only", "No apply undoes it; resume does.", 'reconciler suspend sales --reason "password leaked"'),
    "override": Term("A marketing account's FROM or TO that is taken from a detail of each contact", "One message then shows each contact another sender, or goes to another address.", "overrideFrom: {emailDetail: keeper_email}", ("overrides", "overrideFrom", "overrideTo")),
    "contact": Term("Somebody who gets a message, with named values on a card", "resolve shows what each would see.", "reconciler resolve newsletter --contacts contacts.csv", ("contacts",)),
    "detail": Term("A named value on a contact's card", "Overrides take addresses and names from them.", "overrideFrom: {emailDetail: keeper_email, displayNameDetail: keeper_name}", ("details",)),
    "reply-to": Term("Where answers to a message go, if not to the address that it is sent from", "Bounces never go there: they go to the account's own address.", "replyTo: {email: help@example.com}"),
    "bounce": Term("A message from a mail server that another one could not be delivered", "It goes to the account's own address, never to reply-to or an override.", "email: sales@example.com", ("bounces",)),
    "owner": Term("Who is responsible for an account", "An unshared own account is shown to its owner alone under --as; this shapes views and is no access control.", "metadata: {name: sales, owner: anna@example.com}"),
    # The past, and others
    "journal": Term("The record of all that was applied, approved and suspended, by whom and when", "Its entries are chained, so that an altered one is found.", "reconciler journal check"),
    "head": Term("The code of the journal's last entry", "Noted elsewhere it proves later that nothing before it was altered.", "reconciler journal head"),
    "actor": Term("Who an apply or a decision is recorded of", "It is a claim, from --actor, CI or the login; not a proof.", "reconciler history"),
    "consumer": Term("A program that sends mail and is brought level with what is recorded", "publish writes its settings; what differs is told.", "reconciler consumers list", ("consumers",)),
    "publication": Term("The writing of recorded accounts into a consumer's own settings", "Apply does it last; what could not be published ends with exit code 6.", "reconciler publish", ("publish",)),
    "scope": Term("What the manifests of a folder may declare: senders, servers, secrets, owners", "So that a team's folder cannot speak for another.", 'scopes:\n  - {manifests: "accounts.d/sales/**", senders: ["*@sales.example.com"]}', ("scopes",)),
    "environment": Term("One of several states that the same manifests are applied to, such as staging", "Where there are some, --env is needed every time.", "reconciler --env staging plan", ("environments",)),
    "overlay": Term("A folder whose documents change manifests for one environment", "A plan shows which values come from it.", "environments:\n  staging: {overlay: overlays/staging}", ("overlays",)),
    "selector": Term("A name, a pattern or a label by which accounts are chosen", "Commands that concern several accounts take them.", "reconciler verify 'sales-*' label:team=sales", ("selectors",)),
}  # fmt: skip
