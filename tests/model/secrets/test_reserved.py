"""Reserved names: the credentials that everybody knows, and none of a mailbox."""

from __future__ import annotations

import pytest

from reconciler.model.secrets.reserved import RESERVED, is_for_command, reserved_names, stands_for

CREDENTIALS = {
    "reconciler itself": ("RECONCILER_PLAN_KEY", "RECONCILER_STATE", "NEW_FINGERPRINT_KEY", "FINGERPRINT_KEY_NEXT"),
    "databases": ("PGPASSWORD", "PGPASSFILE", "POSTGRES_PASSWORD", "MYSQL_PWD", "DATABASE_URL", "MSSQL_SA_PASSWORD", "SQLCMDPASSWORD", "ORACLE_PWD", "SNOWFLAKE_PASSWORD", "ELASTIC_PASSWORD"),
    "code hosts": ("GH_TOKEN", "GITHUB_TOKEN", "GITLAB_TOKEN", "GIT_ASKPASS", "BITBUCKET_TOKEN", "RENOVATE_TOKEN", "P4PASSWD", "SVN_PASSWORD"),
    "CI systems": (
        "CI_JOB_TOKEN", "CI_JOB_JWT", "CI_DEPLOY_PASSWORD", "ACTIONS_RUNTIME_TOKEN", "RUNNER_TOKEN", "INPUT_TOKEN",
        "SYSTEM_ACCESSTOKEN", "TEAMCITY_BUILD_PROPERTIES_FILE", "JENKINS_PASSWORD", "BUILDKITE_AGENT_ACCESS_TOKEN",
        "CIRCLE_OIDC_TOKEN", "TRAVIS_TOKEN", "DRONE_TOKEN", "bamboo_secret", "ENDPOINT_AUTH_SYSTEMVSSCONNECTION",
    ),
    "clouds": (
        "AWS_SESSION_TOKEN", "AZURE_CLIENT_SECRET", "ARM_CLIENT_SECRET", "GOOGLE_APPLICATION_CREDENTIALS", "GCP_KEY",
        "CLOUDSDK_AUTH_ACCESS_TOKEN", "OS_PASSWORD", "TF_TOKEN_app_terraform_io", "IDENTITY_HEADER", "HETZNER_API_TOKEN",
        "HCLOUD_TOKEN", "HETZNER_DNS_API_TOKEN", "OVH_APPLICATION_SECRET", "OVH_CONSUMER_KEY", "RESTIC_PASSWORD",
    ),
    "stores of secrets": ("VAULT_TOKEN", "OP_SERVICE_ACCOUNT_TOKEN", "SOPS_AGE_KEY", "BW_SESSION", "DOPPLER_TOKEN"),
    "signing": ("GPG_PASSPHRASE", "COSIGN_PASSWORD", "COSIGN_PRIVATE_KEY", "SIGSTORE_ID_TOKEN", "SIGNING_KEY", "MATCH_PASSWORD"),
    "chats": ("SLACK_BOT_TOKEN", "DISCORD_TOKEN", "TELEGRAM_BOT_TOKEN", "MATTERMOST_TOKEN"),
    "language models": ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "MISTRAL_API_KEY"),
    "registries of packages and images": (
        "NPM_TOKEN", "npm_config__auth", "NODE_AUTH_TOKEN", "PIP_INDEX_URL", "TWINE_PASSWORD", "DOCKER_PASSWORD",
    ),
    "services around a repository": ("SONAR_TOKEN", "CODECOV_TOKEN", "JIRA_API_TOKEN", "PAGERDUTY_TOKEN"),
    "machines and clusters": ("SSH_PRIVATE_KEY", "SSHPASS", "RSYNC_PASSWORD", "TS_AUTHKEY", "LDAP_PASSWORD", "KUBECONFIG", "KUBE_TOKEN", "HELM_REGISTRY_PASSWORD"),
    "proxies to the web": ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"),
}  # fmt: skip
FILES = {
    "databases": (".pgpass", "/root/.pgpass"),
    "code hosts": (".git/config", "sub/.git/credentials", ".netrc", ".git-credentials", "/home/x/.GIT-credentials"),
    "clouds": (".aws/credentials", "/root/.config/gcloud/application_default_credentials.json"),
    "stores of secrets": (".vault-token",),
    "registries of packages and images": (".npmrc", "/root/.docker/config.json", ".pypirc"),
    "machines and clusters": (
        ".ssh/id_rsa", "/run/secrets/kubernetes.io/serviceaccount/token", "/proc/self/environ", "/etc/shadow",
    ),
}  # fmt: skip
MAILBOXES = (
    "SMTP_SALES_PASSWORD", "SMTP_GITHUB_TOKEN", "SMTP_AWS_KEY", "SMTP_PROXY", "SMTP_PROXY_PASSWORD", "SMTP_A", "SMTP_PG",
    "SALES_PASSWORD", "MAIL_PASSWORD", "CLIENT_A_PASSWORD", "SENDGRID_API_KEY", "MAILGUN_PASSWORD", "POSTMARK_TOKEN",
    "OFFICE365_SECRET", "NEWSLETTER_OP_PASSWORD", "PASSWORD", "BREVO_API_KEY", "MAILJET_SECRET", "SPARKPOST_TOKEN", "SES_PASSWORD",
    "ACMECORP_PASSWORD", "ORACLES_PASSWORD", "MATCHDAY_PASSWORD", "CINEMA_PASSWORD",
)  # fmt: skip
PLAIN_FILES = (
    "secrets/sales",
    "/run/secrets/sales",
    "secrets/git/x",
    "ssh/id",
    "proc/x",
    "secrets/.hidden",
    "etc/shadow",
)


@pytest.mark.parametrize(("title", "name"), [(title, name) for title, names in CREDENTIALS.items() for name in names])
def test_a_credential_of_the_machine_is_reserved(title: str, name: str) -> None:
    """It is known by its name, in either case, and whose it is can be told."""
    for written in (name, name.lower(), name.upper()):
        found = reserved_names(f"env:{written}")
        assert found is not None
        assert title == found.title


@pytest.mark.parametrize(("title", "path"), [(title, path) for title, paths in FILES.items() for path in paths])
def test_a_file_of_credentials_is_reserved(title: str, path: str) -> None:
    """It is known by its path, in any folder."""
    found = reserved_names(f"file:{path}")
    assert found is not None
    assert title == found.title


@pytest.mark.parametrize("secret", [*(f"env:{name}" for name in MAILBOXES), *(f"file:{path}" for path in PLAIN_FILES)])
def test_names_of_mailboxes_are_free(secret: str) -> None:
    """What begins with SMTP_ is never reserved, nor is what sounds like a mailbox."""
    assert reserved_names(secret) is None


@pytest.mark.parametrize(
    ("key", "is_of_many", "variables"),
    [
        ("GITHUB_TOKEN", True, ["GITHUB_TOKEN"]),
        ("github_token", True, ["github_token"]),
        ("pgpassword", True, ["pgpassword"]),
        ("env/GITHUB_TOKEN", True, ["env", "GITHUB_TOKEN"]),
        ("env.GITHUB_TOKEN", True, ["env", "GITHUB_TOKEN"]),
        ("GITHUB-TOKEN", True, []),
        ("GITHUB_TOKEN", False, ["GITHUB_TOKEN"]),
        ("PGPASSWORD", False, ["PGPASSWORD"]),
        ("npm_config__auth", False, ["npm_config__auth"]),
        ("ci/GITHUB_TOKEN", False, ["GITHUB_TOKEN"]),
        ("ci:GITHUB_TOKEN@v1", False, ["GITHUB_TOKEN"]),
        ("mail/circle", False, []),
        ("pg/sales", False, []),
    ],
)
def test_what_a_key_of_a_source_may_stand_for(key: str, variables: list[str], *, is_of_many: bool) -> None:
    """Each of its steps may be a variable, of a source of many however it is written; all of it may be a path."""
    assert (*(f"env:{name}" for name in variables), f"file:{key}") == stands_for(key, is_of_many=is_of_many)


def test_no_glob_of_the_table_covers_smtp() -> None:
    """Whatever is added to the table, variables that begin with SMTP_ stay free."""
    names = ("SMTP_", "SMTP_X", "SMTP_FINGERPRINT_KEY", "smtp_fingerprint_key")
    assert [] == [each.title for name in names for each in RESERVED if reserved_names(f"env:{name}") is each]


@pytest.mark.parametrize(
    ("name", "environment", "expected"),
    [
        ("STORE_TOKEN", ("STORE_TOKEN",), True),
        ("STORE_TOKEN", ("OTHER", "STORE_*"), True),
        ("store_token", ("STORE_*",), True),
        ("SMTP_A", ("*",), False),
        ("SMTP_A", ("**", "?*"), False),
        ("SMTP_A", ("STORE_*",), False),
        ("SMTP_A", (), False),
    ],
)
def test_what_a_command_gets_by_name_is_kept(name: str, environment: tuple[str, ...], *, expected: bool) -> None:
    """A variable that a source names is for its command; a glob of wildcards alone names none."""
    assert expected == is_for_command(name, environment)
