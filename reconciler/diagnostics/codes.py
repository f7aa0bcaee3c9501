"""Every diagnostic code, its fixed summary, its cause and its cure, in one table.

A code never changes its meaning; a new meaning gets a new code. ``is_guard`` marks the refusals that mean exit
code 4. The reference page of diagnostics is generated from this table.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Code:
    """One code: camelCase name, fixed summary, and for the reference page its cause and its cure."""

    name: str
    summary: str
    cause: str
    cure: str
    is_guard: bool = False


_TABLE = (
    # Files and YAML
    Code("fileUnreadable", "File cannot be read", "The file is missing, is not a file, or may not be read.", "Check the path and its permissions."),
    Code("fileTooLarge", "File is too large", "A manifest file is larger than 5 MiB.", "Split the file."),
    Code("notUtf8", "File is not UTF-8", "The file holds bytes that are not UTF-8 text.", "Save the file as UTF-8."),
    Code("controlCharacter", "Control character", "The text holds a control character or one that changes the direction of text: what is shown would not be what is there.", "Remove the character."),
    Code("yamlSyntax", "YAML cannot be read", "The file is not well-formed YAML.", "Mend the line named; usually it is an indentation, a missing quote or a missing colon just above."),
    Code("yamlTag", "YAML tags are not allowed", "A value carries a tag such as !!python/object.", "Remove the tag; write the plain value."),
    Code("yamlTooDeep", "YAML is nested too deeply", "A document has more than 100 levels.", "No manifest needs that; remove the nesting."),
    Code("yamlTooLarge", "YAML document is too large", "One document has more than 10,000 values, counting each alias as what it stands for.", "Split the document; write aliased parts out or remove them."),
    Code("yamlAlias", "YAML alias cannot be used", "An alias names an anchor that does not exist or that contains the alias itself.", "Correct the name, or write the value out."),
    Code("duplicateKey", "Key is given twice", "The same key stands twice in one mapping, so one of the values would be lost.", "Keep one of them."),
    Code("tooManyProblems", "Too many problems in one file", "Reading stopped after 1,000 problems in this file.", "Mend what is listed, then run again."),
    Code("manifestsTooLarge", "Manifests are too large together", "All manifests together have more than 20,000 files, 128 MiB, 3,000,000 values or 10,000 problems, and reading stopped there.", "Remove what does not belong into the manifests folder, or make projects of separate teams; of problems, mend what is listed, then run again."),
    Code("projectExists", "There is a project already", "init begins a project, and the folder holds a project file.", "Go on with the project that is there, or name another folder."),
    Code("projectNotMade", "Project cannot be written", "init could not write into the folder.", "Check the path, its permissions and the space left; what was written stays, and running init again goes on."),
    # Documents
    Code("notAMapping", "Document is not a mapping", "A manifest document must be a mapping that begins with apiVersion and kind.", "Begin the document with apiVersion: reconciler/v1 and its kind."),
    Code("unknownApiVersion", "Unknown apiVersion", "The document's apiVersion is missing or not one that this version reads.", "Write apiVersion: reconciler/v1."),
    Code("unknownKind", "Unknown kind", "The document's kind is missing or unknown.", "Write kind: OwnAccount, MarketingAccount or MailServer."),
    Code("unknownField", "Unknown field", "The field does not exist here; it would have been ignored silently.", "Correct its spelling, move it where it belongs, or remove it."),
    Code("missingField", "Field is missing", "A required field is absent.", "Add the field."),
    Code("wrongType", "Value has the wrong type", "The value is of another type than the field takes.", "Write a value of the type named; quote text that looks like a number, true, false or null."),
    Code("invalidValue", "Value is not valid", "The value is outside what the field takes.", "Write one of the values that the message names."),
    Code("invalidName", "Name is not valid", "A name must be 1 to 63 characters of a-z, 0-9, dot, underscore and hyphen, begin and end with a letter or digit, and not hold two dots in a row.", "Choose another name; use title for what people call the account."),
    Code("invalidEmail", "E-mail address is not valid", "The value is not one e-mail address.", "Write one address, without a display name, such as sales@example.com."),
    Code("invalidHost", "Host name is not valid", "The value is neither a host name nor an IP address.", "Write a host name such as smtp.example.com."),
    Code("literalSecret", "Secret is written out", "A password or token stands in the manifest itself, and so in git.", "Write a reference such as {env: SMTP_SALES_PASSWORD}, and change the password that was written down."),
    Code("contradiction", "Fields contradict each other", "Two fields cannot both hold.", "Keep the one that is meant."),
    Code("overrideNotAllowed", "Override on an own account", "overrideFrom and overrideTo exist on marketing accounts only: most providers refuse or rewrite a foreign sender.", "Remove the override, or make the account a MarketingAccount."),
    Code("duplicateName", "Name is used twice", "Two documents have the same name; names are unique over all kinds.", "Rename one of them."),
    Code("unknownPlaceholder", "Unknown placeholder", "A word in braces is none of those that are filled in: {name}, {email}, {localpart}, {domain}; or stands where nothing is filled in.", "Correct the word; in user names and paths braces that are meant are doubled, as in {{word}}."),
    Code("unknownServer", "Unknown mail server", "The account names a MailServer that no manifest declares.", "Correct the name, or add the MailServer."),
    Code("caFileUnusable", "caFile cannot be used", "The file is missing, lies outside the project folder, or holds no certificate in PEM form.", "Correct the path; the file must lie inside the project folder."),
    Code("secretNotAllowed", "Secret is not allowed", "secrets.allow in the project file does not cover the reference.", "Use a reference that is covered, or have the project file's owner add it."),
    Code("unknownSecretSource", "Unknown secret source", "The reference names a source that the project file does not declare.", "Use env or file, or declare the source under secrets.sources."),
    # Remarks on what is declared
    Code("noReplyTo", "No reply-to address", "A marketing account's own address need not be a mailbox, so replies may be lost.", "Add replyTo with an address that is read."),
    Code("sharedWithoutOwner", "Nobody sees this account", "The account is not shared and has no owner, so no user sees it under --as.", "Add metadata.owner, or shared: true."),
    Code("portMismatch", "Port and encryption do not fit", "Port 465 is implicit TLS (RFC 8314 section 3.3); 587 and 25 begin in clear text and use STARTTLS.", "Write encryption: tls for port 465 and encryption: starttls for 587 or 25."),
    Code("unencryptedLogin", "Login without encryption", "A password would travel in clear text.", "Write encryption: starttls or tls."),
    Code("unencryptedProxyLogin", "Proxy login without encryption", "The protocols of proxies send user name and password in clear text.", "Use a password that opens nothing but the proxy, over a network that you trust."),
    Code("proxyPasswordUnused", "Proxy password is not used", "SOCKS4 sends a user id and no password.", "Remove the password, or write type: socks5."),
    Code("basicAuthEnding", "Login by password is ending", "The provider takes passwords over SMTP no longer, not for much longer, or app passwords only.", "Log in by OAuth2, as the lines in the message show, or with an app password where the provider still takes one."),
    Code("noPlatformServer", "Platform server is not declared", "Without platform.smtp in the project file, marketing accounts cannot be verified by a conversation.", "Declare platform.smtp in the project file."),
    Code("unusedServer", "Mail server is not used", "No account names this MailServer.", "Remove it, or name it under smtp.server."),
    Code("noManifests", "No accounts in the manifests folder", "The folder holds no account.", "Add a manifest."),
    # Project, secrets, state, plan files
    Code("projectMissing", "No project file", "There is no reconciler.yaml here.", "Run the command in the project folder, name it with --project-dir, or begin a project with reconciler init."),
    Code("secretMissing", "Secret cannot be read", "The variable or file that a reference names does not exist, is empty, or may not be read.", "Set the variable or write the file, where this command runs."),
    Code("secretInvalid", "Secret has a value that cannot be used", "The value is empty or holds a control character.", "Set it again, without line breaks or other control characters."),
    Code("secretSourceFailed", "Secret source failed", "The command of a source could not be run, took too long, wrote too much or ended with an error; or what a source of many secrets gives is not what its format says.", "See the detail; run the command yourself to see what it writes to standard error."),
    Code("secretTracked", "Secret file is in git", "git tracks the file that a secret is read from, so the secret is published.", "Change the secret, then take the file out of git and ignore it."),
    Code("keyWeak", "Key is too short", "A key of fingerprints or plans has fewer than 32 characters, so it could be found by trying.", "Make one with openssl rand -hex 32."),
    Code("secretsNotRead", "Rotation was not checked", "Secrets were not read, so a changed value behind an unchanged reference was not looked for.", "Plan without --depth offline where the secrets are at hand."),
    Code("fingerprintKeyMissing", "Fingerprint key is missing", "State keeps keyed fingerprints of secrets; without the key they cannot be made or compared.", "Provide the key that state was made with."),
    Code("fingerprintKeyChanged", "Fingerprint key is another one", "The key at hand is not the one that the recorded fingerprints were made with, so rotation was not checked.", "Provide the key that state was made with."),
    Code("stateMissing", "No state", "There is no state here, and an absent state is never taken for an empty one.", "Run reconciler state init once, or name the right state with --state."),
    Code("stateUnavailable", "State cannot be used", "The database is locked, read-only, full, corrupt or out of reach.", "See the detail."),
    Code("stateOlder", "State is of an earlier format", "The state was written by an earlier version of reconciler, whose tables were others.", "Run reconciler state migrate; it keeps a copy of the state first."),
    Code("backupUnusable", "Backup cannot be used", "The file is missing, is damaged, or holds no state of this project; or a file stands where a backup is to be written.", "Name another file; see the detail."),
    Code("backupBroken", "Journal of the backup does not hold", "The backup was written, and the journal in it does not hold together, because that of the state does not.", "Compare with an earlier backup; do not apply before it is understood."),
    Code("fingerprintDropped", "Fingerprint was dropped", "The value of a secret could not be read while the key of fingerprints was changed, so that a rotation of it is not noticed until it is applied or verified again.", "Run reconciler verify --recorded where the secret can be read."),
    Code("rotationNotApplied", "Secret was rotated and not applied", "A secret has another value than the one that was verified, and with another key the difference would be forgotten.", "Apply or verify --recorded first; or add --accept-rotated."),
    Code("redactionLost", "Erased data came back", "The state that was restored is older than an erasure of personal data.", "Run reconciler journal redact for the accounts named again."),
    Code("accountRecorded", "Account is still recorded", "The personal data of a recorded account is needed to send; past records alone can be erased.", "Delete the account first, or add --past-only."),
    Code("stateFromVariable", "State is the variable's, not the project file's", "RECONCILER_STATE names a state, and the project file another one.", "If that is not meant, unset the variable; or write the same address into the project file."),
    Code("trustUnknown", "RECONCILER_TRUST_PROJECT is not understood", "The variable is set to something else than never, the only value that it takes.", "Set it to never, or unset it."),
    Code("stateUrlInvalid", "State address is not valid", "The address of the state is not one of SQLite or PostgreSQL, or holds a password where others can read it.", "Write sqlite:///path/to/state.db, or postgresql://host/database without a password."),
    Code("journalBroken", "Journal does not hold", "An entry of the journal was altered, removed, swapped or cut off.", "Compare with a backup; do not apply before it is understood."),
    Code("accountAltered", "Account was altered behind the journal's back", "The row of an account in state is not what the journal last recorded of it, so something other than reconciler wrote to the database.", "Find out who did it and restore a backup; or take the account as it is with --accept-altered NAME=REASON, which is journaled.", is_guard=True),
    Code("stateAltered", "State was altered behind the journal's back", "The creation time of the state, or the id of its fingerprint key, is not what the journal last recorded.", "Find out who did it and restore a backup; or take it as it is with --accept-altered @state=REASON, which is journaled.", is_guard=True),
    Code("planFileInvalid", "Plan file cannot be read", "The file is not a plan that reconciler wrote.", "Make the plan again with reconciler plan --out FILE."),
    Code("planFileUnwritable", "Plan file cannot be written", "The folder is missing or may not be written, the disk is full, or something that is not a file stands there.", "Choose another file, or mend what stands in the way."),
    Code("reportFolderForeign", "Folder was not written by report", "report replaces the folder that it is given, and this one holds something else, is a symbolic link, or is no folder.", "Name a new or empty folder."),
    Code("reportNotWritten", "Report cannot be written", "The folder may not be written, the disk is full, or another process writes there. An earlier report stays as it was.", "Mend what stands in the way, then run the command again."),
    Code("declined", "Not applied", "The question was declined, or there was no terminal to ask on.", "Apply a saved plan, or add --auto-approve."),
    Code("badUsage", "Command line is not valid", "An option or argument is unknown, missing or malformed.", "See --help of the command."),
    Code("nameTaken", "Name is taken", "A manifest declares an account or a mail server of that name already; names are unique over all kinds.", "Choose another name."),
    Code("manifestNotEditable", "Manifest cannot be edited safely", "The document is written in a way in which the edit would touch more than was meant, or the file cannot be read. Nothing was changed.", "Make the change by hand, as the detail says."),
    Code("manifestUnwritable", "Manifest cannot be written", "The folder or file may not be written, the disk is full, or the file was changed meanwhile. Nothing was changed.", "Mend what stands in the way, then run the command again."),
    Code("previousNameKept", "Previous name was kept", "The manifest was renamed before, and state does not have the name in between.", "Look at the plan: it should show one rename. If it shows a deletion, correct previousName."),
    Code("unknownAccount", "Unknown account", "No account has that name.", "See reconciler accounts list."),
    Code("selectorMatchesNothing", "Selector matches nothing", "A name, glob or label selects no account, so the command would silently do less than was meant.", "Correct the selector."),
    Code("internalError", "Unexpected error", "A fault in reconciler itself.", "Report it with the text shown; no secret is in it."),
    Code("outputNotWritten", "Output cannot be written", "Standard output takes nothing more: the disk is full, or the place it leads to is gone. What the command had done by then stands.", "Make room, then see reconciler history."),
    Code("interrupted", "Interrupted", "The command was stopped by Ctrl-C. Nothing was left half-written.", "Run it again."),
    # Contacts
    Code("contactsInvalid", "Contacts cannot be read", "The file is neither CSV with a header that names email nor JSON lines.", "Correct its header or form; see the detail."),
    Code("contactUnreadable", "Line of the contacts file cannot be read", "A line is malformed, so the contact on it is left out; the others are not affected.", "Correct the line."),
    Code("detailNeverPresent", "No contact has the detail", "The account takes a value from a detail that no contact of the file has, so the override never takes place.", "Correct the detail's name in the manifest, or the column's in the file; names must be exactly the same."),
    Code("accountNotActive", "Account is not active", "Only active accounts send.", "See reconciler accounts show NAME.", is_guard=True),
    # Sending
    Code("messageInvalid", "Message cannot be sent", "The message cannot go out as it is: it is malformed, holds what mail cannot carry, or names other recipients.", "Mend what the detail says."),
    Code("headersLeftOut", "Header fields were left out", "The message holds fields that tell of its earlier journey, name other recipients, or sign fields that are set anew for each contact.", "Nothing to do."),
    Code("contactsChanged", "Contacts changed meanwhile", "The contacts file was changed while messages were sent to the contacts in it.", "Bring the file back as it was and go on with the same command."),
    Code("resultsUnusable", "Results file cannot be used", "The file cannot be read or written, or is not one that reconciler wrote.", "See the detail; without the file nobody knows who has got the message."),
    Code("resultsMismatch", "Results file belongs to another run", "The results file tells of sending another message, to other contacts, or with other settings.", "Use the command that the file was made with, or name a new file with --results."),
    Code("resultsInUse", "Results file is in use", "Another run is sending with the same results file.", "Wait for the other run to end."),
    Code("folderUnusable", "Folder cannot be used", "The folder for a dry run is not empty or cannot be written.", "Name a new folder."),
    Code("destinationForbidden", "Server may not be contacted", "verification.servers in the project file does not list the host.", "Correct the host, or have it added to verification.servers.", is_guard=True),
    Code("platformNotVerified", "Platform server was not verified", "platform.smtp in the project file is not the server that the marketing account was last verified with.", "Correct platform.smtp, or verify the account with reconciler verify NAME --recorded.", is_guard=True),
    Code("accountChanged", "Account changed while it was sending", "The account was changed or deleted in state, so sending was stopped.", "Look at the change, then go on with the same command.", is_guard=True),
    Code("sendStopped", "Sending was stopped", "Something that every contact would meet: the server cannot be reached, refuses the login or the sender, or refuses one message after another.", "Mend what the detail says, then go on with the same command."),
    Code("deliveryUnknown", "Message may have been accepted", "The run ended, or the connection was lost, after the message was sent and before the server's answer was recorded. It is not sent again.", "Look into the server's log or ask the contact."),
    Code("notAccepted", "Not every message was accepted", "Some contacts did not get the message for certain.", "The results file says which and why; what was deferred is tried again by the same command."),
    Code("limitReached", "Limit was reached", "As many messages were attempted as --limit allows; other contacts are left.", "Go on with the same command."),
    # Verification
    Code("verificationFailed", "Verification failed", "A check of an account that would change failed.", "Mend what the check says; or leave the account out with --exclude; or --override-verification NAME=REASON."),
    Code("verificationIncomplete", "Verification is missing", "There is no evidence of the depth that apply needs.", "Plan again where the servers can be reached."),
    Code("failureNotCounted", "Verification failed for now", "A recorded account failed in a way that may pass; it counts as failing after verification.failAfter such failures in a row.", "Nothing yet; verify again."),
    Code("statusFailing", "Account is failing from now on", "A recorded account has failed verification, for good or too often in a row.", "Mend what the checks say and verify again; nothing is sent through it meanwhile."),
    Code("statusRecovered", "Account passes again", "A recorded account that was failing or unverified has passed verification.", "Nothing to do."),
    Code("rotationRecorded", "Rotated secret recorded", "The value behind a reference has changed, and the account was verified with the new one.", "Nothing to do."),
    Code("changedMeanwhile", "Account changed meanwhile", "The account was changed or deleted in state while it was verified, so what was found was not recorded.", "Verify again."),
    Code("suspendedNotVerified", "Suspended account was left alone", "A suspended account is not contacted.", "Resume it first."),
    Code("operatorMissing", "No operator", "The test message needs an address to go to.", "Write operator: {email: you@example.com} into the project file, or use --operator."),
    # What a plan remarks
    Code("operatorUnknown", "Nobody receives test messages", "Apply sends a test message, and no operator is named to receive it.", "Write operator: {email: …} into the project file, or use --operator or RECONCILER_OPERATOR."),
    Code("evidenceReused", "Evidence of an earlier run was used", "The same settings were verified lately, so they were not verified again.", "Nothing to do; reconciler verify verifies anew."),
    Code("grantRedundant", "Grant is not needed", "A grant allows only routes that state has recorded already, or speaks of no account's secret.", "Remove it from secrets.grants: a grant that stays allows the route again after it has been revoked."),
    Code("exceptionExpired", "Exception has expired", "An exception under guards.exceptions would apply to an account of the plan, and its last day is past.", "Remove it, or have the project file's owner set a new date."),
    Code("secretsNotCompared", "Secret was not compared", "An account was recorded with a new route of a secret whose value was not read, so it could not be told whether the value is known under another name.", "Nothing now: the value is compared when it is first read, before it is sent anywhere."),
    Code("platformChanged", "Platform server has changed", "platform.smtp in the project file is not the server that marketing accounts which do not change here were last verified with; they send nothing until they are.", "Run reconciler verify NAME --recorded once the project file is in place."),
    Code("recordedFailing", "A recorded account is failing", "The last verification of an account that does not change in this plan failed.", "Run reconciler verify NAME."),
    Code("heldChange", "Change is held", "The change is left out of this plan because its verification failed.", "Mend the cause, then plan again."),
    Code("approvalReset", "Approval will be asked for again", "The decision belongs to what was decided on, and the change alters that.", "Nothing to do; the platform decides again after apply."),
    Code("previousNameUnknown", "Previous name is not recorded", "No account is recorded under metadata.previousName, so there is nothing to rename.", "Remove previousName, or correct it."),
    Code("awaitingApproval", "Waits for the platform", "A marketing account is pending until the platform decides.", "The platform decides with reconciler approve NAME, or reconciler reject NAME --reason TEXT."),
    Code("staysSuspended", "Suspended", "An account was stopped with reconciler suspend and cannot send until it is resumed.", "Nothing to do here; reconciler resume NAME ends it."),
    Code("suspensionEnds", "Suspension ends with the account", "The plan deletes a suspended account; the stop is kept with the account and goes with it.", "Exclude the account if the stop is to stay."),
    # The platform's decisions and the emergency stop
    Code("approvalNotNeeded", "Account needs no approval", "The platform decides on marketing accounts only; an own account sends through its owner's mailbox.", "Leave the account out; reconciler suspend NAME stops an account of either kind."),
    Code("alreadyDecided", "Already decided", "The platform has decided so already, on the account as it is recorded.", "Nothing to do; see reconciler accounts show NAME."),
    Code("alreadySuspended", "Already suspended", "The account is suspended.", "Nothing to do; reconciler resume NAME ends it."),
    Code("notSuspended", "Not suspended", "Only an account that is suspended can be resumed.", "See reconciler accounts show NAME for why an account does not send."),
    Code("reasonInvalid", "Reason cannot be used", "The reason is empty, too long, or holds control characters.", "Write one line of at most 500 characters."),
    Code("unknownRevision", "No such revision", "The number is beyond the last revision that state holds.", "Take the revision from reconciler accounts show NAME, or the newest from reconciler history."),
    # Guards
    Code("tooManyDeletes", "Too many deletions", "The plan deletes more accounts than guards.maxDeletes allows.", "Look whether manifests are missing; if all is meant, add --allow-deletes N.", is_guard=True),
    Code("protectedAccount", "Account is protected", "The account is recorded with preventDelete: true.", "First apply a manifest with preventDelete: false.", is_guard=True),
    Code("emptyManifests", "Manifests folder is empty or missing", "An empty folder would mean deleting every account.", "Check the path and the checkout; if all is meant, add --allow-deletes N.", is_guard=True),
    Code("changedKind", "Kind changed under one name", "The name is recorded for an account of the other kind.", "Delete the account in one plan and create the other in the next, or use another name.", is_guard=True),
    Code("renameTaken", "Rename onto a taken name", "An account is recorded under the new name already.", "Choose another name, or remove previousName.", is_guard=True),
    Code("renameStillDesired", "Renamed account is still desired", "A manifest still declares the account under its previous name.", "Remove that manifest, or previousName.", is_guard=True),
    Code("credentialWithheld", "Credential withheld", "A secret would travel a route that neither state nor a grant allows, or would travel for the first time and could not be compared with the secrets that state knows.", "If the route is right, have the project file's owner add the grant shown, or have the secrets that the message names be readable.", is_guard=True),
    Code("projectNotTrusted", "Project file is not trusted with secrets", "In CI, or where RECONCILER_TRUST_PROJECT=never is set, the project file lies inside the checkout, where a pull request can change what it allows and grants. Without a .git around the project the highest folder around it counts as the checkout.", "Name a copy from the protected branch with --project-file, outside the checkout; or in a job that only the protected branch can start add --trust-project.", is_guard=True),
    Code("trustForbidden", "Trust in the project file is forbidden here", "--trust-project was given where RECONCILER_TRUST_PROJECT=never is set, which is for places where pull requests are planned.", "Leave --trust-project out, or unset the variable in a job that only the protected branch can start.", is_guard=True),
    Code("changedScope", "Account moves to another scope", "secrets.allow gives some folders secrets of their own, and the account's manifest has moved from one such folder to another.", "If it is meant, have the project file's owner add an exception with scope under guards.exceptions.", is_guard=True),
    Code("planUnsealed", "Plan is not sealed with the plan key", "RECONCILER_PLAN_KEY is set, and the plan was made without it or with another one.", "Make the plan again where that key is set.", is_guard=True),
    Code("planAltered", "Plan file was altered", "The digest or seal of the plan file does not fit its content.", "Make the plan again.", is_guard=True),
    Code("planFormatUnknown", "Plan format is unknown", "The plan was written by a version with another format.", "Make the plan again with this version.", is_guard=True),
    Code("lineageMismatch", "Plan belongs to another state", "The plan's project or lineage is not that of this state.", "Use the state that the plan was made from.", is_guard=True),
    Code("stateNewer", "State is newer than this version", "The state was written by a newer version of reconciler.", "Use that version.", is_guard=True),
    Code("stateTracked", "State folder is tracked by git", "Files of .reconciler/ are in git: the state or its keys would be published, and a pull request could replace them.", "Remove them from git and ignore the folder.", is_guard=True),
    Code("planBlocked", "Plan is blocked", "The plan was blocked when it was made.", "Mend what blocks it and plan again.", is_guard=True),
    Code("restoreRefused", "Restoring would lose something", "The state here is of another origin than the backup, is newer, or cannot be read.", "See the detail for the flag to add if the loss is meant.", is_guard=True),
    # Staleness
    Code("planStale", "Plan is stale", "An account of the plan has changed in state since the plan was made.", "Plan again, and have it reviewed again."),
    Code("decisionStale", "Account changed since it was looked at", "The account was changed by a later revision than the one given with --if-revision.", "Look at it again, then decide with the new revision."),
    Code("notReviewed", "Change was not reviewed", "The plan made now has a change or a lifted guard that the reviewed plan did not show.", "Have the plan as it is now reviewed."),
    Code("planApplied", "Plan is applied already", "This very plan has been applied.", "Nothing to do."),
)  # fmt: skip

CODES: dict[str, Code] = {code.name: code for code in _TABLE}
