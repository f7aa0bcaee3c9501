-- The tables of format 4, their index and the view, to the letter as they were first made.
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
	server TEXT, 
	ca_pem TEXT, 
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
CREATE TABLE publications (
	project TEXT NOT NULL, 
	consumer TEXT NOT NULL, 
	account TEXT NOT NULL, 
	wanted TEXT, 
	published TEXT, 
	place TEXT, 
	since TEXT, 
	attempts INTEGER NOT NULL, 
	last_error TEXT, 
	PRIMARY KEY (project, consumer, account), 
	FOREIGN KEY(project) REFERENCES projects (project)
);
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
CREATE INDEX revisions_by_plan ON revisions (project, plan_digest);
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
CREATE VIEW senders AS SELECT project AS project, name AS name, CASE kind WHEN 'OwnAccount' THEN 'own' WHEN 'MarketingAccount' THEN 'marketing' END AS kind, json_extract(document, '$.spec.email') AS email, json_extract(document, '$.spec.displayName') AS display_name, (SELECT group_concat(json_extract(value, '$.email'), ', ') FROM json_each(CASE json_type(document, '$.spec.replyTo') WHEN 'array' THEN json_extract(document, '$.spec.replyTo') WHEN 'object' THEN json_array(json_extract(document, '$.spec.replyTo')) ELSE '[]' END)) AS reply_to, json_extract(document, '$.spec.smtp.host') AS host, CAST(json_extract(document, '$.spec.smtp.port') AS integer) AS port, json_extract(document, '$.spec.smtp.encryption') AS encryption, CASE WHEN json_extract(document, '$.spec.smtp.authentication') IS NOT NULL THEN coalesce(json_extract(document, '$.spec.smtp.authentication.mechanism'), 'auto') END AS mechanism, json_extract(document, '$.spec.smtp.authentication.username') AS username, json_extract(document, '$.spec.smtp.authentication.password') AS secret, (suspension IS NULL AND (approval IS NOT NULL OR kind NOT IN ('MarketingAccount')) AND coalesce(json_extract(approval, '$.decision'), '') <> 'rejected' AND (coalesce(json_extract(verification, '$.outcome'), 'skipped') = 'passed' OR (coalesce(json_extract(verification, '$.outcome'), 'skipped') = 'skipped' AND kind NOT IN ('OwnAccount')))) AS active, nullif(rtrim(CASE WHEN json_extract(document, '$.spec.proxy') IS NOT NULL THEN 'proxy ' ELSE '' END || CASE WHEN json_extract(document, '$.spec.smtp.authentication.oauth2') IS NOT NULL THEN 'oauth2 ' ELSE '' END || CASE WHEN json_extract(document, '$.spec.smtp.authentication.accessToken') IS NOT NULL THEN 'accessToken ' ELSE '' END || CASE WHEN json_extract(document, '$.spec.smtp.caFile') IS NOT NULL THEN 'privateCa ' ELSE '' END || CASE WHEN json_extract(document, '$.spec.smtp.certificate') IS NOT NULL THEN 'certificate ' ELSE '' END || CASE WHEN json_extract(document, '$.spec.smtp.clientCertificate') IS NOT NULL THEN 'clientCertificate ' ELSE '' END || CASE WHEN json_extract(document, '$.spec.smtp.heloName') IS NOT NULL THEN 'heloName ' ELSE '' END), '') AS demands FROM accounts;
