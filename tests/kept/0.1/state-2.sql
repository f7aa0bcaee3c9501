-- A state of version 2 as it was written before the journal told what is written over: a rename, a deletion, a redaction.
PRAGMA user_version = 2;
PRAGMA application_id = 1380142668;
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
	manifest TEXT, 
	PRIMARY KEY (project, name), 
	FOREIGN KEY(project) REFERENCES projects (project)
);
INSERT INTO "accounts" VALUES('mail','news','MarketingAccount','{"metadata":{},"spec":{"email":"news@example.com"}}',NULL,1,'2026-03-01T12:30:15.000250Z','2026-03-01T12:30:15.000250Z',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "accounts" VALUES('mail','shop','OwnAccount','{"metadata":{"annotations":{},"labels":{"team":"sales"},"title":"Sprzedaż"},"spec":{"displayName":"Example","email":"shop@example.com","shared":true,"smtp":{"authentication":{"mechanism":"auto","password":"env:SMTP_SALES","username":"shop"},"encryption":"starttls","host":"smtp.example.com","port":587}}}','{"spec.email":"sales@żółw.example"}',2,'2026-03-01T12:30:15.000250Z','2026-03-01T12:30:15.000250Z','sha256:0000000000000000000000000000000000000000000000000000000000000000','cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc','{"env:SMTP_SALES":"hmac-sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}','0123456789abcdef','{"actor":"anna","at":"2026-03-01T12:30:15.000250Z","decision":"rejected","reason":"no contract","subjectDigest":"sha256:1"}','{"checkedAt":"2026-03-01T12:30:15.000250Z","depth":"message","outcome":"passed","reason":null}',NULL,'{"observed":{"certificateFingerprint":null,"certificateNotAfter":null,"mechanism":null,"queueId":null,"tlsCipher":null,"tlsVersion":null},"settingsDigest":"sha256:0000000000000000000000000000000000000000000000000000000000000000","verification":{"checkedAt":"2026-03-01T12:30:15.000250Z","checks":[{"check":"connect","class":null,"code":"ok","message":"Connected.","seconds":0.25,"status":"passed"}],"depth":"message","status":"passed"}}',NULL);
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
INSERT INTO "journal" VALUES('mail',1,'2026-03-01T12:30:15.000250Z','apply','sha256:acdee0c1b1289dc1005d4bf822e2d16343a4e0a397decfb2ba3a3bf5f5c73f2f','sha256:b8a85f3bff1f31d7d3965f4394b43f2176badfaff8a9c2e13468ed680e83cdfd','sha256:3508e4174d3e588509ad744203640c022fc3a09ffe854c885188bb0fa42dcea4');
INSERT INTO "journal" VALUES('mail',2,'2026-03-01T12:30:15.000250Z','apply','sha256:0c7057a0961667b31f2f095a63cc397a1bd8f4967c3a585402766f70e028335d','sha256:3508e4174d3e588509ad744203640c022fc3a09ffe854c885188bb0fa42dcea4','sha256:a23f5140d86075cdcbaa6e3bfaf875238c6359225b54a9cb166caeca0b7d433e');
INSERT INTO "journal" VALUES('mail',3,'2026-03-01T12:30:15.000250Z','resume','sha256:4106b70e7aa101784dbe219757d43c1f464c0066a5d7ae847984f563b6232330','sha256:a23f5140d86075cdcbaa6e3bfaf875238c6359225b54a9cb166caeca0b7d433e','sha256:a4e2a760b9a9eb4f284f92aa6e27674ac0f26d3478018ceb2d46d0f339cf34bd');
INSERT INTO "journal" VALUES('mail',4,'2026-03-01T12:30:15.000250Z','redact','sha256:bf4532455ebeedbde4c5ddc64ed166ca4a4ba4bc35a8bec754d9fa39f70ff924','sha256:a4e2a760b9a9eb4f284f92aa6e27674ac0f26d3478018ceb2d46d0f339cf34bd','sha256:580199fcf5d5d94e2cc785ab4c77d84cc7c9cbe64c453a9d6c9255189f0f1c78');
CREATE TABLE journal_payloads (
	project TEXT NOT NULL, 
	sequence INTEGER NOT NULL, 
	payload TEXT NOT NULL, 
	PRIMARY KEY (project, sequence), 
	FOREIGN KEY(project, sequence) REFERENCES journal (project, sequence), 
	FOREIGN KEY(project) REFERENCES projects (project)
);
INSERT INTO "journal_payloads" VALUES('mail',1,'{"accountDigests":{"news":"sha256:20cd9659542611b87c37cf995c7bda9d991198a5dc4e206a704d14a7cc47e428","old":"sha256:0a5b28b5f66f27d2e3555d399dda16efc9543e74b2c07f1f5bcf87069904c37e","sales":"sha256:174a58d269da2fbb2c88b96ec1474552b88af60c1ac59db0ff2f7c063898633a"},"erased":true,"revisionDigests":{"1":"sha256:3e5f71065f015bfbd726ed9e792fa95da215ca1186d900773372be74f9af7d38"},"routeDigests":["sha256:5d51d08f36f0cfb646963a94d4eb8b24e50d7ffbc90d4b8d94d4844aca531fd4"],"salt":"0f2c2b71cf8e78a6e60205540ec76701"}');
INSERT INTO "journal_payloads" VALUES('mail',2,'{"accountDigests":{"old":null,"sales":null,"shop":"sha256:b101a06e4235bb633a54c409c15a5f679f4a78ee79ceb5689aae6b4ac3452f5f"},"revisionDigests":{"2":"sha256:3edad0fb55e32147a6ba68ee42516e39e1146f8587386f2343702bb954575db9"},"salt":"d8817ea7355fc6edd329960305c0cdd9"}');
INSERT INTO "journal_payloads" VALUES('mail',3,'{"accountDigests":{"shop":"sha256:472baf7faad411464123dcabeefe9aad786556b113668156c053802fba6dbc0d"},"accounts":{"shop":{}},"salt":"d48263cf0c75f81f5bb8011e2392e0a2"}');
INSERT INTO "journal_payloads" VALUES('mail',4,'{"name":"old","redactedPayloads":{"1":{"after":"sha256:7df7c84eb462f40ca2ea19300dde5fcb960093b8be681d5c5a482197db709b98","before":"sha256:acdee0c1b1289dc1005d4bf822e2d16343a4e0a397decfb2ba3a3bf5f5c73f2f"}},"salt":"cd7e8e9d660ac751a7ea2a63887153b6"}');
CREATE TABLE projects (
	project TEXT NOT NULL, 
	lineage TEXT NOT NULL, 
	serial INTEGER NOT NULL, 
	fingerprint_key_id TEXT, 
	created_at TEXT NOT NULL, 
	PRIMARY KEY (project)
);
INSERT INTO "projects" VALUES('mail','lineage-of-the-tests',2,'0123456789abcdef','2026-03-01T12:30:15.000250Z');
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
INSERT INTO "revised_accounts" VALUES('mail','old',1,NULL);
INSERT INTO "revised_accounts" VALUES('mail','sales',1,NULL);
INSERT INTO "revised_accounts" VALUES('mail','old',2,NULL);
INSERT INTO "revised_accounts" VALUES('mail','sales',2,NULL);
INSERT INTO "revised_accounts" VALUES('mail','shop',2,'sales');
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
INSERT INTO "revisions" VALUES('mail',1,'2026-03-01T12:30:15.000250Z','anna','flag','aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','https://example.com/pull/7','sha256:plan-1','{"create":3}','[{"action":"create","cause":"manifest","fields":[],"kind":"OwnAccount","name":"sales"},{"action":"create","cause":"manifest","fields":[],"kind":"OwnAccount","name":"news"},{"action":"create","cause":"manifest","fields":[],"kind":"OwnAccount","name":"old"}]');
INSERT INTO "revisions" VALUES('mail',2,'2026-03-01T12:30:15.000250Z','anna','flag','aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','https://example.com/pull/7','sha256:plan-2','{"create":2}','[{"action":"delete","cause":"manifest","fields":[],"kind":"OwnAccount","name":"old"},{"action":"rename","cause":"manifest","fields":[],"kind":"OwnAccount","name":"shop","previousName":"sales"}]');
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
INSERT INTO "secret_routes" VALUES('mail','sha256:5d51d08f36f0cfb646963a94d4eb8b24e50d7ffbc90d4b8d94d4844aca531fd4','sales','env:SMTP_SALES','hmac-sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','{"caDigest":null,"encryption":"starttls","host":"smtp.example.com","port":587,"proxy":null,"purpose":"smtp","username":"sales"}');
CREATE INDEX revisions_by_plan ON revisions (project, plan_digest);
COMMIT;
