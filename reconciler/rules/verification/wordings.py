r"""The words in which servers refuse, as rules: the first that is found says what a refusal is about. Pure.

Premise: servers word one cause in many ways, and use one word for many causes. So a rule looks for a *statement*, a
noun with what is said of it ("relay access denied", "not permitted to relay"), and never for a word alone: *relay* is
also part of a table's name, *authentication* also what SPF, DKIM and DMARC do, *policy* also what a domain publishes.
Addresses, host names and links are taken out beforehand (``vocabulary``), since they contain any word at all; what
stands in their place is ``ADDR``, ``HOST`` or ``LINK``, and ``SENDER`` or ``RECIPIENT`` for the two that were named.

The order is from what can be said of one thing alone to what is said of many: a server that speaks of a block list
means that, whatever else stands beside it. Wordings are those of Postfix, Exim, Sendmail, qmail, Courier, OpenSMTPD,
Haraka, Exchange, hMailServer, MDaemon, Domino, cPanel, QQ, NetEase and the large providers; the table of cases is
``tests/rules/verification/refusals.csv``.
"""

from __future__ import annotations

import re

from reconciler.rules.verification.vocabulary import FROM, LIST, LOGIN, MAY_NOT, NO, PLACE, WHO, Wording

OWN_MAILBOX_FULL = (
    r"\byour (?:own )?(?:mailbox|account|e-?mail account|inbox|storage)\b.{0,40}"
    r"(?:\bfull\b|over ?quota|over (?:its|your|the) (?:\w+ )?quota|out of (?:storage|space)|exceed\w* .{0,20}(?:storage|quota))"
)
"""What is said where MAIL or a message is refused because the sender's own mailbox is full."""


def _says(code: str, *statements: str, steps: str = "") -> Wording:
    return Wording(re.compile("|".join(statements), re.IGNORECASE), code, frozenset(steps.split()))


WORDINGS: tuple[Wording, ...] = (
    # What the server found out by asking another server is about the address that it asked about.
    _says(
        "recipientRefused",
        r"recipient address rejected: (?:undeliverable|unverified) address",
        r"recipient (?:verify|verification|callout)\b",
    ),
    _says(
        "senderUnverifiable",
        r"sender address rejected: (?:undeliverable|unverified) address",
        r"sender (?:address )?verif(?:y|ication) fail",
    ),
    # TLS, before what else "client" and "not trusted" may be said of.
    _says(
        "clientCertificateRequired",
        r"\bno client certificate\b|\bclient certificate (?:is |was )?(?:required|missing|needed|not (?:presented|provided|sent|found))",
        r"(?:need|require|present|provide|send)s? (?:a |your )?(?:valid )?client certificate",
    ),
    _says(
        "clientCertificateRefused",
        rf"\bclient certificate (?:(?:is|was|has) )?(?:(?:not|un)[- ]?(?:trusted|verified)|expired|revoked|unknown|verif\w+ fail\w*|{NO})",
        r"(?:cannot|can't|could not|failed to) verify (?:your |the )?client certificate",
    ),
    _says(
        "recipientRefused",
        r"\b(?:mx|a|aaaa|dns)\b.{0,30}\b(?:recipient|destination)\b",
        r"\b(?:recipient|destination)(?:'s)?(?: address)?(?: domain)?\b.{0,30}\b(?:no|without|invalid) (?:valid )?(?:mx|a|dns)\b",
        steps="recipient message",
    ),
    _says(
        "recipientRefused",
        r"(?:to|for) this group|ForGroup\b|allowed-senders list|RestrictedGroup\b",
        r"\b(?:account|user|mailbox|address) that you (?:tried|are trying)|\byou tried to reach|trying to (?:contact|reach)",
        r"local mailbox (?:RECIPIENT|ADDR)|message to (?:RECIPIENT|ADDR) (?:cannot|could not)|due to inactivity|mailbox is disabled \(",
        steps="recipient message",
    ),
    _says("messageRefused", r"unsafe content|suspicious attachment"),
    _says(
        "messageRefused",
        r"message-?id\b.{0,20}(?:missing|invalid|required)|(?:missing|no|invalid) message-?id|(?:detected|identified) as malicious",
    ),
    _says("messageRefused", r"(?:duplicate|multiple|missing|invalid) (?:\w+ )?header"),
    # SPF, DKIM, DMARC and ARC, before "authentication" and "policy" are read as anything else.
    _says(
        "domainAuthenticationFailed",
        r"\bdmarc\b|\bdkim\b|\barc (?:validation|chain|seal)|sender is unauthenticated",
        r"unauthenticated (?:e-?mail|message)s? from",
        r"(?:domain|message|mail).{0,60}(?:required|sufficient) (?:authentication|level of authentication)",
        r"authentication requirements? defined for the (?:sender|domain)",
        r"(?:does not have|no|lacks) (?:sufficient )?authentication information|anti-?spoofing",
        r"spoofed (?:message|e-?mail|mail)",
    ),
    _says(
        "spfRefused",
        r"\bspf\b|\bopenspf\b|purported responsible address|sender policy framework",
        rf"{PLACE}.{{0,30}}{MAY_NOT} (?:to )?send (?:mail |e-?mail )?(?:from|for|on behalf of) (?:HOST|the|this|SENDER|ADDR)",
        r"domain .{0,60}mismatch(?:es)? client ip",
    ),
    _says("greylisted", r"gr[ea]y-?list", r"first time .{0,40}(?:try|retry) again", r"\bpostgrey\b"),
    # This machine: lists, names of addresses, EHLO.
    _says(
        "blockListed",
        rf"\b(?:is|are|was|been) (?:\w+ )?{LIST}\b",
        rf"(?:block(?:ed|ing)?|listed|list|rejected|refused|denied|found|see|using|in|by|on|from).{{0,60}}\b{LIST}\b",
        rf"\b{LIST}\b.{{0,60}}(?:block|listed|reject|refus|denied|deny|removal|HOST)",
        r"blocked using",
        rf"\b{LIST} by\b",
        r"listed (?:at|by|in|on) (?:HOST|LINK)|is on our block ?list",
        r"\b(?:your|the|sending|client) (?:ip|host|address|server|network)\b.{0,40}\b(?:is|are|was|has been|been) (?:on |in )?(?:a |an |our |the )?(?:listed|list|blacklist\w*)\b",
        r"\bblack ip\b|\brbl deny\b",
    ),
    _says(
        "reverseDnsMissing",
        r"(?:cannot|can't|could ?n.t|could not|unable to) (?:find|resolve|look ?up|determine|verify) (?:your |the |a |client )*(?:reverse )?(?:host ?name|dns|ptr|rdns|ip name)",
        r"\breverse[- ](?:dns|lookup|host ?name|resolution|mapping)|\br-?dns\b|\bfcrdns\b|\bptr\b",
        r"^(?!.*relaying).*ip name lookup failed|(?:no|missing|without) (?:valid )?reverse",
        r"does not (?:reverse )?resolve to (?:a )?(?:host ?name|name)|(?:possibly|may be) forged",
    ),
    _says(
        "helloRefused",
        rf"\b[he]e?h?[el]lo\b(?: \S+){{0,5}} {NO}",
        r"(?:invalid|bad|forged|fake|illegal|wrong|unqualified|unacceptable|numeric|malformed|improper|incorrect|bogus) (?:\w+ )?(?:helo|ehlo)\b",
        r"\b(?:helo|ehlo)(?:/\w+)? (?:host ?name|name|string|argument|command|domain|parameter|greeting|must|does not|doesn't|is |not |contains|with|error|check|failed)",
        r"\bhelohost|(?:reject|refus|den|block|dislike|accept).{0,40}\b(?:helo|ehlo)\b",
        r"identif(?:y|ies|ied) (?:itself|yourself|themselves) (?:as|with)",
    ),
    _says(
        "serverRefused",
        rf"\bclient (?:host )?(?:HOST )?{NO}",
        r"client host (?:HOST )?blocked|banned sending ip|\(ip based\)|traffic not accepted from this ip",
        r"\bip (?:is )?in (?:prison|jail|quarantine)|use your (?:own )?(?:provider|isp|internet service provider)(?:'?s)? (?:\w+ )?(?:server|mail|smtp|relay)",
        r"(?:poor|low|bad) reputation.{0,20}\b(?:ip|mta|host|network|server)|\b(?:ip|mta|mta's|host|network|server)(?: address)?\b.{0,20}(?:poor|low|bad) reputation",
    ),
    _says("spamSuspected", r"suspicious", r"likely unsolicited", r"^(?!.*rate[- ]limit).*\breputation"),
    # How much and how fast; before the recipient's own limits are read as a full mailbox.
    _says(
        "recipientRefused",
        r"(?:user|recipient|account|mailbox)\b.{0,60}(?:receiving|receive|received|receives).{0,30}(?:mail|messages?|e-?mails?)? ?(?:at a rate|too quickly|too fast|too many|per hour|per day)",
        r"recipient (?:has )?exceeded",
    ),
    _says(
        "rateLimited",
        r"QuotaExceededException|exceed\w* (?:\w+ ){0,2}(?:sending|send|sandbox|message) (?:limit|quota)",
        r"rate[- ]?limit|\bthrottl|frequency (?:is )?limited",
        r"too many (?:\w+ ){0,3}(?:auth\w*|login) (?:attempts|failures|errors)",
        r"too (?:many|much) (?:\w+ ){0,3}(?:connections?|sessions?|messages?|mails?|e-?mails?|recipients?|commands|requests|recent|same|submissions|bulk|from (?:HOST|you))",
        r"\btoo fast\b|too quickly",
        r"(?:concurrent|simultaneous|maximum|max|number of|parallel) (?:\w+ ){0,3}(?:connections?|sessions?|rate).{0,60}(?:exceed|limit|reached|over)",
        r"(?:connections?|messages?|mails?|e-?mails?|sending|send|submission|recipients?|hourly|daily|monthly|outgoing|outbound|sender|user|account)[- ](?:\w+[- ]){0,3}(?:rate|limit|quota|allowance|cap)s?\b.{0,30}(?:exceed|reach|hit|is over|over|used up|has been)",
        r"(?:exceed|reach|hit|over|above|maximum|max)\w*(?: \w+){0,6} (?:limit|quota|number|amount|rate|allowance|emails?|mails?|messages?|recipients?) (?:\w+ ){0,4}(?:per|an?|each|every|in the last|for (?:this|the)|of (?:messages|e-?mails|mails|recipients|connections)|to send|today)\b",
        r"(?:limit|quota)s? (?:for|of|on|to) (?:the )?(?:\w+ ){0,3}(?:messages|e-?mails?|mails?|recipients|sending|sent|connections)",
        r"(?:per|this|each|an) (?:hour|day|minute|second|month)\b",
        r"(?:daily|hourly|monthly) (?:\w+ ){0,3}(?:limit|quota)",
        r"(?:sending|send|mail send|messages?|policy|outgoing) (?:limit|quota)s? (?:exceed|reach)",
        r"quota exceeded: sending|(?:out of|exceeds?) allow(?:ed)? rcpt|unusual rate|\bserver (?:is )?busy\b",
        r"\bMI:(?:SFQ|DMC|CEL|IMF|CCL)|\bRP:(?:DRC|CCL|RCL|CEL)|\bHL:(?:ICC|IFC)|credits exceeded",
        r"limit on (?:the number|messages|e-?mails)",
    ),
    # The account itself.
    _says(
        "accountSuspended",
        OWN_MAILBOX_FULL,
        r"bad outbound sender|\baccount (?:\w+ ){0,3}(?:hacked|hijacked|compromised)",
        r"\b(?:outgoing|outbound|sending|smtp)\b.{0,60}\b(?:suspended|has been (?:disabled|blocked|stopped)|frozen|locked)\b",
        r"(?:your|this|sender|sending|the|user) (?:\w+ )?(?:account|user|mailbox|domain)\b.{0,40}(?:suspended|locked|blocked for|has been (?:blocked|disabled|locked)|is (?:blocked|disabled|locked|frozen|on hold)|deactivated|compromised)",
        r"account (?:is |has been )?(?:temporarily |currently )?(?:blocked|locked|suspended|frozen|disabled)|unusual (?:sending )?activity",
        r"spam abuse detected|\b(?:restricted|banned) (?:user|sender)\b|user (?:is )?(?:locked|suspended|hangup)",
        r"sending (?:is )?(?:paused|suspended|disabled)",
        steps="sender message",
    ),
    _says(
        "accountSuspended",
        r"bad outbound sender",
        r"(?:outgoing|outbound) (?:e-?mail|mail|messages?).{0,60}(?:suspended|disabled|blocked|stopped|frozen)",
        r"(?:your|the sending|sender'?s?) (?:\w+ )?(?:account|mailbox)\b.{0,40}(?:suspended|locked|blocked|disabled|frozen|deactivated)",
        r"blocked for spam\b|spam abuse detected|unusual sending activity",
    ),
    # Nobody is logged in, or not with encryption.
    _says(
        "encryptionRequired",
        r"(?:must|please|need to|should|have to) (?:\w+ ){0,3}(?:issue|use|start|run|send|do|enable|begin)?(?: a| an| the)? ?(?:starttls|start tls|tls|ssl)\b",
        r"(?:starttls|tls|ssl|encryption|encrypted connection|secure connection|session encryption|channel encryption)\b(?: \w+){0,3} (?:is |was )?(?:required|needed|necessary|mandatory|first|must)",
        r"(?:requires?|needs?|without|only over|only with|demands?) (?:\w+ ){0,3}(?:starttls|tls|ssl|encryption|encrypted|secure connection)",
        r"encryption (?:is )?(?:required|needed)",
        r"(?:not|un)[- ]?encrypted (?:connection|session)s? (?:is |are )?(?:not|refused|rejected|forbidden)",
    ),
    _says(
        "authenticationRequired",
        rf"\b{LOGIN}\b(?: \w+){{0,2}} (?:is |are |was |were |be )?(?:required|needed|necessary|mandatory|demanded)",
        rf"\b(?:requires?|required|needs?|needed|demands?|missing|without|no) (?:\w+ ){{0,2}}(?:smtp[- ]?)?(?:{LOGIN})\b(?!.*(?:spf|dkim))",
        r"\b(?:auth|authenticate|authentication|log ?in|logon|login)(?: command)?[,:]? first\b",
        r"(?:must|need to|needs to|please|should|have to|has to) (?:\w+ ){0,4}(?:authenticate\b|auth\b|log ?[io]n|sign in|be (?:logged|authenticated))",
        r"\bnot (?:yet |currently |properly |been )?(?:authenticated|logged[- ]?(?:in|on)|auth'?ed)\b",
        r"(?:un|non-?)(?:-)?authenti?cated (?:\w+ )?(?:sender|user|client|relay|access|session|connection|submission|sending|smtp)s?\b",
        r"\banonymous (?:sender|user|access|client|mail|relay|connection)s?\b",
        r"you (?:don't|do not|did not|didn't|haven't|have not) (?:authenticate|log|logged|authenticated)",
        r"turn on smtp auth|need ehlo and auth|pop(?:3)?[- ]before[- ]smtp",
        r"check (?:your |for )?(?:new )?mail (?:first|before sending)|auth (?:error|failed|required)\b",
        r"authenticate (?:before|to send|to relay|yourself)|RESOLVER\.RST\.AuthRequired|SenderNotAuthenticated",
    ),
    # The sender.
    _says(
        "senderUnverifiable",
        r"dns check failed",
        rf"{FROM}\b(?: address)? (?:verify|verification|callout) (?:failed|error)",
        r"could not (?:complete|verify) (?:the )?sender",
        rf"(?:unable to|cannot|can't|could not) (?:verify|resolve|validate|find) (?:the |your )?(?:{FROM})",
        r"domain of (?:the )?sender(?:'s)?(?: address)?.{0,80}(?:does not|doesn't|not|cannot) (?:exist|resolve|found)",
        rf"{FROM}\b.{{0,20}}(?:domain|address|rejected).{{0,80}}(?:does not (?:exist|resolve)|doesn't (?:exist|resolve)|not found|must (?:exist|resolve)|not exist|resolve fail|unresolvable|cannot be (?:resolved|verified)|has no (?:a|mx|dns|valid))",
        rf"no (?:a|mx|dns|valid)\b.{{0,40}}\b(?:for|of) (?:your |the )?{FROM}",
        r"(?:no|invalid|without) (?:a |an )?(?:valid )?(?:mx|a|aaaa|dns)(?:[ ,/]+(?:or |and )?(?:mx|a|aaaa|dns)\b)* (?:resource )?records?",
        r"mx records? (?:for|of) .{0,60}violate|does not recogni[sz]e .{0,40}as a valid sender",
        r"sender .{0,60}has no (?:a|mx)|envelope sender domain must exist|invalid domain, see",
        r"sender is unvalidated|sender (?:address )?(?:can ?not|could not) be verified",
        r"unroutable sender|unrouteable sender",
        steps="sender recipient message",
    ),
    _says(
        "senderNotVerified",
        r"(?:must|has to|needs to) be (?:verified|validated|confirmed|activated)|verify the (?:approved )?sender",
        r"(?:sender|from|email address|domain|identity|identities|address|signature)\b.{0,80}(?:not|n't) (?:been )?(?:a )?(?:yet )?(?:verified|validated|confirmed|activated|a sender signature)",
        r"unverified (?:e-?mail |sender |sending )?(?:address|sender|domain|identity)|verified sender|sender signature|unconfigured sending domain|sender identit(?:y|ies)",
        r"(?:verify|validate|activate|confirm) (?:your )?(?:sender|sending|from|domain|account)",
        r"identities failed the check|sandbox (?:sub)?domain|domain.{0,60}is not allowed to send",
        steps="sender recipient message",
    ),
    _says(
        "senderRefused",
        rf"\b(?:{FROM})\b(?: e-?mail)?(?: address)? (?:\w+ )?(?:SENDER |ADDR )?(?:\w+ )?{NO}",
        r"sender address rejected",
        rf"(?:invalid|bad|illegal|unknown|wrong|unauthori[sz]ed|blocked|fake|forged|malformed|null|empty) (?:{FROM}|return address|return path)\b",
        rf"\b{FROM}\b.{{0,60}}(?:must|should|has to|does not|doesn't|not|differs?|different) (?:\w+ ){{0,2}}(?:be (?:the )?same|equal|match|belong|owned|correspond|authori[sz]ed|permitted|one of)",
        rf"(?:must|has to) match (?:the |your )?{FROM}",
        r"(?:not|isn't) (?:an? )?(?:owned by|alias (?:of|for)|one of your|local sender|your address|own address)",
        rf"{MAY_NOT} (?:to )?(?:send|use|submit|mail|post)\b(?: \w+){{0,3}} (?:as|from|with|using|on behalf|SENDER|this|the|that)",
        r"send ?as ?denied|send as this sender|permissions? to send as|not (?:allowed|permitted|authori[sz]ed) to send (?:as|from)",
        r"address does not belong|does not own|not authorized to perform ses:Send",
        r"(?:sender|from|address|identity|user)\b.{0,30}(?:mismatch|do not match|does not match|doesn't match)",
        r"return address|return path|badmailfrom|relaying disallowed as|from address (?:is|not)",
        r"sender (?:is |was )?(?:rejected|denied|blocked|unknown|invalid)|domain name required for sender",
        r"emetteur invalide|denies the sender|mail from invalid|mail address invalid|header address",
        r"SENDER.{0,30}(?:rejected|refused|denied|not allowed|not permitted|unknown)|address (?:rejected|refused|denied)[:,]? SENDER",
        steps="sender recipient message",
    ),
    _says(
        "senderUnverifiable", r"(?:HOST|\bdomain) (?:does not|doesn't|can ?not be) (?:exist|resolved?)", steps="sender"
    ),
    _says(
        "senderRefused",
        r"(?:domain|user|mailbox|address) (?:\w+ )?(?:not (?:found|local|allowed|known|valid|hosted|here)|unknown|unavailable|is not)",
        r"no such (?:user|domain|sender)|unknown (?:user|domain)|mailbox (?:\w+ )?(?:unavailable|not allowed)",
        r"address (?:is )?(?:rejected|invalid|syntax)|(?:bad|invalid) address",
        steps="sender",
    ),
    # Relaying, and recipients of other domains.
    _says(
        "relayingDenied",
        rf"\brelay(?:ing|s|ed)?\b(?: access| mail| e-?mail| of mail| attempt| to| for| from| through| by| is| this| ADDR| RECIPIENT| HOST| \S+@\S+){{0,5}}[:,]? {NO}",
        rf"{MAY_NOT} (?:\w+ ){{0,2}}(?:to )?(?:\w+ ){{0,2}}relay(?:ing)?\b",
        r"\bno (?:open )?relay(?:ing)?\b",
        r"(?:den(?:y|ies|ied)|refus\w+|reject\w*|prohibit\w*|disallow\w*) (?:\w+ ){0,2}relay|rcpthosts",
        r"(?:not|isn't) (?:an? )?(?:open )?relay\b|(?:as|like) a relay\b|credentials for relay",
        r"relay (?:check|recipient in non-accepted)",
        r"delivery (?:\w+ ){0,3}not allowed to (?:this|that|the) (?:address|domain|recipient)",
        r"(?:can ?not|can't|do not|don't|won't|will not|unable to) (?:\w+ ){0,2}(?:deliver|accept|handle|take|receive|send) (?:\w+ ){0,2}(?:mail|e-?mail|messages?)? ?(?:for|to) (?:RECIPIENT|ADDR|HOST|that|this|non|external|remote|foreign|other|the)",
        r"(?:local users? only|only (?:accept|allow)\w* (?:mail )?(?:for|to) local|non-?local (?:recipient|domain|address|destination|user)|not a local (?:domain|address|recipient)|(?:domain|host) (?:is )?not (?:local|hosted|served|handled|in my list|one of)|external (?:recipient|domain)s? not)",
        r"please try <",
        steps="recipient message sender",
    ),
    # The recipient.
    _says(
        "mailboxFull",
        rf"\b(?:mailbox|{WHO}|inbox|maildir|e-?mail account|recipient's)\b.{{0,60}}\b(?:is |are )?(?:full|over ?quota|over its quota|out of (?:storage|space)|exceeds?|exceeded|overfull)",
        r"\bover ?quota\b|overquota|(?<!queue )quota (?:is |has been )?(?:exceed|violation|full|reached)",
        r"exceed\w*(?: \w+){0,3} quota|mailbox (?:size )?(?:limit|quota)|exceeded storage allocation",
        r"insufficient (?:disk )?(?:space|storage) (?:in|for|of) (?:the )?(?:mailbox|user|recipient)",
        r"boite du destinataire pleine|mailbox full",
        steps="recipient message",
    ),
    _says(
        "recipientRefused",
        rf"\b(?:unknown|invalid|no such|non-?existent|illegal|bad|inactive|disabled|unrout(?:e)?able|unallocated|wrong|not a valid|not a known|not our|not your|undeliverable) (?:\w+ ){{0,3}}(?:{WHO}|address|addresses|destination|person|mail drop|domain|host|name|id|customer)\b",
        rf"\b(?:{WHO}|address|addresses|RECIPIENT|ADDR|domain|host)\b[^.]{{0,40}}\b(?:unknown|not (?:found|exist|known|listed|here|local|available|valid|active|in (?:recipient|our) list|a valid|a registered|on server|recogni[sz]ed)|does not (?:exist|accept|have)|doesn't (?:exist|have|accept)|no longer|(?:is |was |has been )?(?:disabled|inactive|unavailable|invalid|suspended|closed|deactivated|frozen|rejected|refused|unallocated|expired|blocked|locked|discontinued|misspelled|marked as|undeliverable|could not be found|unrecogni[sz]ed))",
        r"no (?:mail-?box|mail box|one|account|user|person)\b.{0,30}(?:here|by that name|exists|found|with that)",
        r"(?:not|no longer) (?:a )?(?:our |known |valid |registered )?(?:user|customer|mailbox|recipient|address)",
        r"recipient address rejected|badrcptto|mailing list expansion|RecipNotFound|RecipientNotFound",
        r"rejected by (?:the )?recipient|recipient preferences|destinataire|unrouteable address|Addressee unknown",
        r"unable to route|cannot route|null mx|does not accept (?:mail|e-?mail)|doesn't accept (?:mail|e-?mail)|rcpt is rejected",
        steps="recipient message",
    ),
    # The server itself.
    _says(
        "insufficientStorage",
        r"insufficient (?:system |disk |server )?(?:storage|space|resources|memory)",
        r"(?:disk|space|storage|spool|volume) (?:is )?(?:full|shortage|low)|space shortage|no space left",
        r"out of (?:disk )?(?:memory|space|disk)|system (?:storage|disk) (?:is )?full",
        r"not enough (?:disk )?(?:space|memory|storage)",
    ),
    _says(
        "messageTooLarge",
        r"(?:message|mail|e-?mail|size|attachment|headers?|data)\b.{0,40}(?:too (?:big|large|long)|exceeds?|exceeded|over|larger than|limit exceeded|is greater)",
        r"too (?:big|large|long|much mail data)|exceeds? (?:\w+ ){0,3}(?:maximum|fixed|size|limit|permitted)",
        r"size (?:limit|exceed)|message length exceeds|RecipSizeLimit",
        steps="sender message recipient",
    ),
    _says(
        "serverTrouble",
        r"(?:temporary|temporarily|internal|local|server|system|database|db|configuration|config|lookup|ldap|dns|queue|write|processing|service|backend|upstream|transient) (?:\w+ ){0,3}(?:error|failure|failed|problem|issue|trouble|unavailable|not available|fault)",
        r"(?:mail|message|routing)? ?\bloop (?:was |has been )?(?:detected|back)|mail loop|too many hops|hop count exceeded",
        r"(?:service|resources?|system|server|backend)\b.{0,30}(?:unavailable|not available|temporarily|shutting down|refused|overload|maintenance)",
        r"(?:error|failure) in processing|\bqq (?:temporary|write|crashed|trouble|\w+ )",
        r"try (?:again )?(?:later )?(?:.{0,20}maintenance)|temporary (?:system|server|local|internal|lookup|dns)?",
        r"unable to (?:queue|store|create|write|open|contact|connect)|queue unavailable|insufficient privileges",
        r"could not (?:load|connect|open|create)|mail server temporarily|connection timed out",
    ),
    # What was sent.
    _says(
        "messageRefused",
        r"content rejected|\bvirus|\bmalware|\bphish|\beicar|\btrojan",
        r"(?:banned|illegal|forbidden|dangerous|blocked|executable) (?:\w+ ){0,2}(?:attachment|content|file|extension)",
        r"content presents a potential",
        r"(?:multiple|duplicate|missing|invalid|malformed|bare|bad|no|not).{0,60}\b(?:headers?|from:|subject|date|line ?feeds?|lf|mime|8-?bit)\b",
        r"rfc ?(?:2822|5322|822|5321)|header error|headers are not|header based",
        steps="sender recipient message",
    ),
    _says(
        "spamSuspected",
        r"\bspam\b|\bjunk\b|\bunsolicited\b|\bbulk (?:e-?mail|mail)|\bube\b|\buce\b|content (?:denied|filter)",
        r"suspicious|spam(?:assassin|tool|trap|my)|\bDT:SPM|anti-?spam|spam-?suspected|spamhaus dbl",
        r"user complaints",
        steps="sender recipient message",
    ),
    # This machine, by anything else than a list.
    _says(
        "serverRefused",
        rf"client (?:host |HOST )?.{{0,40}}{NO}",
        rf"\b(?:your|sending|this|client|remote|source|the) (?:\w+ ){{0,2}}{PLACE}\b.{{0,40}}{NO}",
        rf"\b(?:ip|{PLACE})\b (?:\w+ )?(?:HOST )?(?:is |was |has been )?(?:rejected|blocked|banned|refused|denied|not allowed|not permitted|hangup)",
        r"banned sending ip|(?:poor|low|bad) reputation|reputation of (?:your|the)",
        r"(?:connections?|access|mail|messages?) (?:will )?(?:not be |not |is not |are not )?(?:accepted|allowed|permitted|denied|refused|rejected) (?:from|for) (?:your|this|HOST|servers|the (?:ip|host|network))",
        r"not accepting (?:connections|mail|messages)(?: from)?|host network not allowed|no smtp service",
        r"not allowed to connect|(?:mail )?(?:from )?HOST (?:is )?(?:not allowed|blocked|rejected|refused)",
        r"may not be mail exchanger|remote ip check",
    ),
    # A rule that says no more.
    _says(
        "policyRefused",
        r"\b(?:mail|message)?polic(?:y|ies)\b|administrative(?:ly)? (?:prohibit|den|reject|block)\w*|access denied",
        r"not (?:allowed|permitted|authori[sz]ed)|prohibited|\bblocked\b|security (?:reasons|rules)",
        r"message (?:rejected|refused|blocked|filtered|denied)",
        r"mail (?:is |was )?(?:rejected|refused|blocked|filtered|denied)",
        steps="sender recipient message",
    ),
    # Words about the conversation.
    _says(
        "commandRefused",
        r"(?:bad|wrong|invalid|improper|out of) (?:command )?(?:sequence|order)|sequence (?:of commands|error)",
        r"syntax error",
        r"(?:command|verb|parameter|argument|option)s?\b.{0,30}(?:not (?:implemented|recogni[sz]ed|supported|understood)|unrecogni[sz]ed|unknown|unimplemented|invalid)",
        r"(?:unrecogni[sz]ed|unimplemented|unknown|invalid|unsupported) (?:command|verb|parameter|option|argument)",
        r"\b(?:mail|rcpt|helo|ehlo|hello|sender|recipient|data)(?: from| to)?(?: command)? (?:first|not yet given|required|needed|expected)",
        r"need (?:mail|rcpt|helo|ehlo)|no valid recipients|protocol (?:error|violation)|polite people say",
    ),
)
