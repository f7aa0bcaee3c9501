-- A state as version 1 of the tables wrote it: two accounts, one revision, three entries of the journal.
PRAGMA application_id = 1380142668;
PRAGMA user_version = 1;
BEGIN TRANSACTION;
CREATE TABLE accounts (
	project TEXT NOT NULL, 
	name TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	document TEXT NOT NULL, 
	written TEXT, 
	revision INTEGER NOT NULL, 
	created_at TEXT NOT NULL, 
	updated_at TEXT NOT NULL, 
	settings_digest TEXT, 
	ca_digest TEXT, 
	fingerprints TEXT, 
	fingerprint_key_id TEXT, 
	approval TEXT, 
	verification TEXT, 
	suspension TEXT, 
	evidence TEXT, 
	PRIMARY KEY (project, name), 
	FOREIGN KEY(project) REFERENCES projects (project)
);
INSERT INTO "accounts" VALUES('mail','news','MarketingAccount','{"metadata":{},"spec":{"displayName":"Example News","email":"news@example.com","replyTo":{"displayName":"Example Office","email":"office@example.com"}}}',NULL,1,'2026-11-23T13:44:10.071531Z','2026-11-23T13:44:10.071531Z','sha256:19789447039f09731b0ab745369337e4b9471f38fea1a6231ccd12ce751b0d5f',NULL,NULL,NULL,NULL,'{"checkedAt":"2026-11-23T13:44:10.069589Z","depth":"message","outcome":"skipped","reason":"It was not verified."}',NULL,'{"observed":{"certificateFingerprint":null,"certificateNotAfter":null,"mechanism":null,"queueId":null,"tlsCipher":null,"tlsVersion":null},"settingsDigest":"sha256:19789447039f09731b0ab745369337e4b9471f38fea1a6231ccd12ce751b0d5f","verification":{"checkedAt":"2026-11-23T13:44:10.069589Z","checks":[{"check":"dns","class":null,"code":"notDeclared","message":"Marketing accounts are verified with the platform''s server, and the project file declares none.","seconds":0.0,"status":"skipped"},{"check":"proxy","class":null,"code":"notDeclared","message":"Marketing accounts are verified with the platform''s server, and the project file declares none.","seconds":0.0,"status":"skipped"},{"check":"connect","class":null,"code":"notDeclared","message":"Marketing accounts are verified with the platform''s server, and the project file declares none.","seconds":0.0,"status":"skipped"},{"check":"greeting","class":null,"code":"notDeclared","message":"Marketing accounts are verified with the platform''s server, and the project file declares none.","seconds":0.0,"status":"skipped"},{"check":"tls","class":null,"code":"notDeclared","message":"Marketing accounts are verified with the platform''s server, and the project file declares none.","seconds":0.0,"status":"skipped"},{"check":"auth","class":null,"code":"notDeclared","message":"Marketing accounts are verified with the platform''s server, and the project file declares none.","seconds":0.0,"status":"skipped"},{"check":"sender","class":null,"code":"notDeclared","message":"Marketing accounts are verified with the platform''s server, and the project file declares none.","seconds":0.0,"status":"skipped"},{"check":"recipient","class":null,"code":"notDeclared","message":"Marketing accounts are verified with the platform''s server, and the project file declares none.","seconds":0.0,"status":"skipped"},{"check":"message","class":null,"code":"notDeclared","message":"Marketing accounts are verified with the platform''s server, and the project file declares none.","seconds":0.0,"status":"skipped"},{"check":"spf","class":null,"code":"notDeclared","message":"Not made: verification.domainChecks in reconciler.yaml is off.","seconds":0.0,"status":"skipped"},{"check":"dkim","class":null,"code":"notDeclared","message":"Not made: verification.domainChecks in reconciler.yaml is off.","seconds":0.0,"status":"skipped"},{"check":"dmarc","class":null,"code":"notDeclared","message":"Not made: verification.domainChecks in reconciler.yaml is off.","seconds":0.0,"status":"skipped"},{"check":"mx","class":null,"code":"notDeclared","message":"Not made: verification.domainChecks in reconciler.yaml is off.","seconds":0.0,"status":"skipped"},{"check":"replyTo","class":null,"code":"notDeclared","message":"Not made: verification.domainChecks in reconciler.yaml is off.","seconds":0.0,"status":"skipped"}],"depth":"message","status":"skipped"}}');
INSERT INTO "accounts" VALUES('mail','sales','OwnAccount','{"metadata":{},"spec":{"displayName":"Example Sales","email":"sales@example.com","shared":true,"smtp":{"authentication":{"mechanism":"auto","password":"env:SMTP_SALES_PASSWORD","username":"sales@example.com"},"encryption":"none","host":"localhost","port":38701}}}',NULL,1,'2026-11-23T13:44:10.071531Z','2026-11-23T13:44:10.071531Z','sha256:6dff52d8ae8e2b9c7094ab97f5bd6d5108c54c263448235490ad18ab901db0ea',NULL,'{"env:SMTP_SALES_PASSWORD":"hmac-sha256:2d720b8df416a6eaece0e85f11614dcb8c75e9a52010107671f8e6f430f3c168"}','e2e03d95aae418b3',NULL,'{"checkedAt":"2026-11-23T13:44:10.036687Z","depth":"message","outcome":"passed","reason":null}',NULL,'{"observed":{"certificateFingerprint":null,"certificateNotAfter":null,"mechanism":"PLAIN","queueId":"2.0.0 Ok: queued as TEST4711","tlsCipher":null,"tlsVersion":null},"settingsDigest":"sha256:6dff52d8ae8e2b9c7094ab97f5bd6d5108c54c263448235490ad18ab901db0ea","verification":{"checkedAt":"2026-11-23T13:44:10.036687Z","checks":[{"check":"dns","class":null,"code":"ok","message":"localhost has the address 127.0.0.1.","seconds":0.003,"status":"passed"},{"check":"proxy","class":null,"code":"notDeclared","message":"Not made: the account declares no proxy.","seconds":0.0,"status":"skipped"},{"check":"connect","class":null,"code":"ok","message":"localhost:38701 took the connection (127.0.0.1).","seconds":0.001,"status":"passed"},{"check":"greeting","class":null,"code":"ok","message":"localhost:38701 greets as a mail server.","seconds":0.001,"status":"passed"},{"check":"tls","class":null,"code":"notDeclared","message":"Not made: the account declares no encryption.","seconds":0.0,"status":"skipped"},{"check":"auth","class":null,"code":"ok","message":"Logged in by PLAIN.","seconds":0.0,"status":"passed"},{"check":"sender","class":null,"code":"ok","message":"localhost:38701 takes sales@example.com as the sender.","seconds":0.0,"status":"passed"},{"check":"recipient","class":null,"code":"ok","message":"localhost:38701 takes ops@example.com as the recipient.","seconds":0.0,"status":"passed"},{"check":"message","class":null,"code":"ok","message":"localhost:38701 took the test message to ops@example.com: 2.0.0 Ok: queued as TEST4711.","seconds":0.002,"status":"passed"},{"check":"spf","class":null,"code":"notDeclared","message":"Not made: verification.domainChecks in reconciler.yaml is off.","seconds":0.0,"status":"skipped"},{"check":"dkim","class":null,"code":"notDeclared","message":"Not made: verification.domainChecks in reconciler.yaml is off.","seconds":0.0,"status":"skipped"},{"check":"dmarc","class":null,"code":"notDeclared","message":"Not made: verification.domainChecks in reconciler.yaml is off.","seconds":0.0,"status":"skipped"},{"check":"mx","class":null,"code":"notDeclared","message":"Not made: verification.domainChecks in reconciler.yaml is off.","seconds":0.0,"status":"skipped"},{"check":"replyTo","class":null,"code":"notDeclared","message":"Not made: verification.domainChecks in reconciler.yaml is off.","seconds":0.0,"status":"skipped"}],"depth":"message","status":"passed"}}');
CREATE TABLE journal (
	project TEXT NOT NULL, 
	sequence INTEGER NOT NULL, 
	at TEXT NOT NULL, 
	event TEXT NOT NULL, 
	payload_digest TEXT NOT NULL, 
	previous TEXT NOT NULL, 
	hash TEXT NOT NULL, 
	PRIMARY KEY (project, sequence), 
	FOREIGN KEY(project) REFERENCES projects (project)
);
INSERT INTO "journal" VALUES('mail',1,'2026-11-23T13:44:10.071531Z','apply','sha256:cc70acfb6df563dce577182cec020ffae098ebca1fdb1561ff8bc61a26d83db9','sha256:321ba49d0a677ade9857fc004692c6451b8dc1c58fe3d3b6e54487b4f94b6324','sha256:57cbc3ff21a5efdd7acc950a865dacb51956a211a6ded717d16d4ecaade87a6c');
INSERT INTO "journal" VALUES('mail',2,'2026-11-23T13:44:10.106434Z','suspend','sha256:2b847ff638129116803e136f162083fdf9fb699cd7559b0dc2a2624939fb0a80','sha256:57cbc3ff21a5efdd7acc950a865dacb51956a211a6ded717d16d4ecaade87a6c','sha256:c7e8294342292f8594ce815ce0df2555ab50b18c94c772077cc8b4726bc7b78b');
INSERT INTO "journal" VALUES('mail',3,'2026-11-23T13:44:10.115808Z','resume','sha256:a34a1e1a8e8798c677e246d5d927e509013f26afc4543a68e05fc1a9a99678b6','sha256:c7e8294342292f8594ce815ce0df2555ab50b18c94c772077cc8b4726bc7b78b','sha256:2b309ed5f5adb57dadf236463f74b90bc31b19a24862f016a81a399f4f7c46c8');
CREATE TABLE journal_payloads (
	project TEXT NOT NULL, 
	sequence INTEGER NOT NULL, 
	payload TEXT NOT NULL, 
	PRIMARY KEY (project, sequence), 
	FOREIGN KEY(project, sequence) REFERENCES journal (project, sequence), 
	FOREIGN KEY(project) REFERENCES projects (project)
);
INSERT INTO "journal_payloads" VALUES('mail',1,'{"accountDigests":{"news":"sha256:fade2f200e7fd229d6a90e0752e23960616b619e92e59e72864c95b26c9b166f","sales":"sha256:b2f4ae1467eee701f5d8fbb4e443294d3b434f22c64240bfc6467af937abb003"},"approvals":{},"changesDigest":"sha256:28547ca2f528ae06686f323f466f06fb6e80563a0e730c6c13ef5cacba140741","depth":null,"grantsUsed":[],"held":[],"isDirty":false,"liftedGuards":[],"overrides":{},"revision":{"actor":"anna","actorSource":"flag","at":"2026-11-23T13:44:10.071531Z","changes":[{"action":"create","baseRevision":null,"cause":"manifest","fields":[{"after":"Example News","before":null,"path":"spec.displayName"},{"after":"news@example.com","before":null,"path":"spec.email"},{"after":"Example Office","before":null,"path":"spec.replyTo.displayName"},{"after":"office@example.com","before":null,"path":"spec.replyTo.email"}],"kind":"MarketingAccount","name":"news"},{"action":"create","baseRevision":null,"cause":"manifest","fields":[{"after":"Example Sales","before":null,"path":"spec.displayName"},{"after":"sales@example.com","before":null,"path":"spec.email"},{"after":true,"before":null,"path":"spec.shared"},{"after":"auto","before":null,"path":"spec.smtp.authentication.mechanism"},{"after":"env:SMTP_SALES_PASSWORD","before":null,"path":"spec.smtp.authentication.password"},{"after":"sales@example.com","before":null,"path":"spec.smtp.authentication.username"},{"after":"none","before":null,"path":"spec.smtp.encryption"},{"after":"localhost","before":null,"path":"spec.smtp.host"},{"after":38701,"before":null,"path":"spec.smtp.port"}],"kind":"OwnAccount","name":"sales"}],"commit":null,"planDigest":"sha256:2bc0e26f85a2ceb7c3d62c15a7da704adecd760953e043cf7ef0768c3af7a75d","reference":null,"revision":1,"summary":{"create":2,"delete":0,"held":0,"rename":0,"unchanged":0,"update":0}},"revisionDigests":{"1":"sha256:a876e98fd682c58f9780e9cce20613384abc1d5bebadccae4d40d02283f448db"},"routeDigests":["sha256:5d276a1709a8a4dea3f8a465f8f07635acd32269211179ef38f2448e0179335d"],"trustsProject":false,"verification":{"news":{"checkedAt":"2026-11-23T13:44:10.069589Z","depth":"message","outcome":"skipped","reason":"It was not verified."},"sales":{"checkedAt":"2026-11-23T13:44:10.036687Z","depth":"message","outcome":"passed","reason":null}}}');
INSERT INTO "journal_payloads" VALUES('mail',2,'{"accountDigests":{"sales":"sha256:6d44fa8eb773f0b95b2b34a7dff2750b11d40ea24e2e018f751ec3a176707156"},"accounts":{"sales":{"after":{"approval":null,"reason":"holiday","status":"suspended","suspension":{"actor":"anna","at":"2026-11-23T13:44:10.106434Z","reason":"holiday"}},"before":{"approval":null,"reason":null,"status":"active","suspension":null},"revision":1,"subjectDigest":null}},"actor":"anna","actorSource":"flag","reason":"holiday","seenRevision":null}');
INSERT INTO "journal_payloads" VALUES('mail',3,'{"accountDigests":{"sales":"sha256:b2f4ae1467eee701f5d8fbb4e443294d3b434f22c64240bfc6467af937abb003"},"accounts":{"sales":{"after":{"approval":null,"reason":null,"status":"active","suspension":null},"before":{"approval":null,"reason":"holiday","status":"suspended","suspension":{"actor":"anna","at":"2026-11-23T13:44:10.106434Z","reason":"holiday"}},"revision":1,"subjectDigest":null}},"actor":"anna","actorSource":"flag","reason":null,"seenRevision":null}');
CREATE TABLE projects (
	project TEXT NOT NULL, 
	lineage TEXT NOT NULL, 
	serial INTEGER NOT NULL, 
	fingerprint_key_id TEXT, 
	created_at TEXT NOT NULL, 
	PRIMARY KEY (project)
);
INSERT INTO "projects" VALUES('mail','16898e18-5f4c-4e12-8162-02872e2bb6c3',1,'e2e03d95aae418b3','2026-11-23T13:44:09.880773Z');
CREATE TABLE revised_accounts (
	project TEXT NOT NULL, 
	name TEXT NOT NULL, 
	revision INTEGER NOT NULL, 
	previous_name TEXT, 
	PRIMARY KEY (project, name, revision), 
	FOREIGN KEY(project, revision) REFERENCES revisions (project, revision), 
	FOREIGN KEY(project) REFERENCES projects (project)
);
INSERT INTO "revised_accounts" VALUES('mail','news',1,NULL);
INSERT INTO "revised_accounts" VALUES('mail','sales',1,NULL);
CREATE TABLE revisions (
	project TEXT NOT NULL, 
	revision INTEGER NOT NULL, 
	at TEXT NOT NULL, 
	actor TEXT NOT NULL, 
	actor_source TEXT NOT NULL, 
	"commit" TEXT, 
	reference TEXT, 
	plan_digest TEXT NOT NULL, 
	summary TEXT NOT NULL, 
	changes TEXT NOT NULL, 
	PRIMARY KEY (project, revision), 
	FOREIGN KEY(project) REFERENCES projects (project)
);
INSERT INTO "revisions" VALUES('mail',1,'2026-11-23T13:44:10.071531Z','anna','flag',NULL,NULL,'sha256:2bc0e26f85a2ceb7c3d62c15a7da704adecd760953e043cf7ef0768c3af7a75d','{"create":2,"delete":0,"held":0,"rename":0,"unchanged":0,"update":0}','[{"action":"create","baseRevision":null,"cause":"manifest","fields":[{"after":"Example News","before":null,"path":"spec.displayName"},{"after":"news@example.com","before":null,"path":"spec.email"},{"after":"Example Office","before":null,"path":"spec.replyTo.displayName"},{"after":"office@example.com","before":null,"path":"spec.replyTo.email"}],"kind":"MarketingAccount","name":"news"},{"action":"create","baseRevision":null,"cause":"manifest","fields":[{"after":"Example Sales","before":null,"path":"spec.displayName"},{"after":"sales@example.com","before":null,"path":"spec.email"},{"after":true,"before":null,"path":"spec.shared"},{"after":"auto","before":null,"path":"spec.smtp.authentication.mechanism"},{"after":"env:SMTP_SALES_PASSWORD","before":null,"path":"spec.smtp.authentication.password"},{"after":"sales@example.com","before":null,"path":"spec.smtp.authentication.username"},{"after":"none","before":null,"path":"spec.smtp.encryption"},{"after":"localhost","before":null,"path":"spec.smtp.host"},{"after":38701,"before":null,"path":"spec.smtp.port"}],"kind":"OwnAccount","name":"sales"}]');
CREATE TABLE secret_routes (
	project TEXT NOT NULL, 
	digest TEXT NOT NULL, 
	account TEXT NOT NULL, 
	secret TEXT NOT NULL, 
	fingerprint TEXT, 
	route TEXT NOT NULL, 
	PRIMARY KEY (project, digest), 
	FOREIGN KEY(project) REFERENCES projects (project)
);
INSERT INTO "secret_routes" VALUES('mail','sha256:5d276a1709a8a4dea3f8a465f8f07635acd32269211179ef38f2448e0179335d','sales','env:SMTP_SALES_PASSWORD','hmac-sha256:2d720b8df416a6eaece0e85f11614dcb8c75e9a52010107671f8e6f430f3c168','{"caDigest":null,"encryption":"none","host":"localhost","port":38701,"proxy":null,"purpose":"smtp","username":"sales@example.com"}');
CREATE INDEX revisions_by_plan ON revisions (project, plan_digest);
COMMIT;
