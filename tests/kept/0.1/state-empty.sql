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
CREATE TABLE journal_payloads (
	project TEXT NOT NULL, 
	sequence INTEGER NOT NULL, 
	payload TEXT NOT NULL, 
	PRIMARY KEY (project, sequence), 
	FOREIGN KEY(project, sequence) REFERENCES journal (project, sequence), 
	FOREIGN KEY(project) REFERENCES projects (project)
);
CREATE TABLE projects (
	project TEXT NOT NULL, 
	lineage TEXT NOT NULL, 
	serial INTEGER NOT NULL, 
	fingerprint_key_id TEXT, 
	created_at TEXT NOT NULL, 
	PRIMARY KEY (project)
);
INSERT INTO "projects" VALUES('example','edad5ad8-99d6-4ce9-bf9c-35c2cbaf67be',0,'a7f083254b780f42','2026-11-29T17:29:35.533282Z');
CREATE TABLE revised_accounts (
	project TEXT NOT NULL, 
	name TEXT NOT NULL, 
	revision INTEGER NOT NULL, 
	previous_name TEXT, 
	PRIMARY KEY (project, name, revision), 
	FOREIGN KEY(project, revision) REFERENCES revisions (project, revision), 
	FOREIGN KEY(project) REFERENCES projects (project)
);
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
CREATE INDEX revisions_by_plan ON revisions (project, plan_digest);
COMMIT;
PRAGMA user_version=2;
PRAGMA application_id=1380142668;
