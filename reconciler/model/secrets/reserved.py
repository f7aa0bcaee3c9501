"""The names that no manifest may give a secret, whatever ``secrets.allow`` covers, and why.

The premise: where a command runs, there are credentials that are not those of a mailbox, under names that everybody
knows, and a wide glob such as ``env:*`` or ``file:/run/secrets/**`` covers them by mistake. So those names are reserved
here, in one table. The project file may name them: whoever writes it could take the credentials anyway.

Letters count alike in either case. Names that begin with ``SMTP_`` are never reserved.

What a source of the project file gives goes by its keys, and they may be those very names: a source of many may be the
whole environment of a job, a command may be ``printenv``. So a key stands for a variable and for a path, too.
"""

from __future__ import annotations

import re

from reconciler.classes import Frozen
from reconciler.model.text.globs import matches, matches_any


class ReservedNames(Frozen):
    """Names that are kept from manifests for one reason."""

    title: str
    """Whose they are, as the middle of a sentence."""
    why: str
    """What a mail server of an attacker could do with them, as a sentence."""
    env: tuple[str, ...]
    """Globs over the names of environment variables."""
    file: tuple[str, ...] = ()
    """Globs over paths, wherever they lie."""


RESERVED: tuple[ReservedNames, ...] = (
    ReservedNames(
        title="reconciler itself",
        why="They open the state, sign plans, or tell which value has which fingerprint.",
        env=("RECONCILER_*", "*FINGERPRINT_KEY*"),
    ),
    ReservedNames(
        title="databases",
        why="They open the state, or another database of yours.",
        env=(
            "PG*", "POSTGRES*", "MYSQL_*", "MARIADB_*", "MSSQL_*", "SQLSERVER_*", "SQLCMD*", "ORACLE_*", "DB2_*",
            "SNOWFLAKE_*", "CLICKHOUSE_*", "CASSANDRA_*", "COUCHDB_*", "COUCHBASE_*", "NEO4J_*", "INFLUX*",
            "ELASTIC_*", "ELASTICSEARCH_*", "OPENSEARCH_*", "REDIS_*", "REDISCLI_*", "UPSTASH_*", "NEON_*", "RABBITMQ_*", "DATABRICKS_*", "DBT_*", "MONGO*", "SUPABASE_*", "PLANETSCALE_*",
            "DATABASE_*", "DB_*", "LIQUIBASE_*", "FLYWAY_*",
        ),
        file=(".pgpass", ".my.cnf", ".mylogin.cnf", ".snowsql/**", ".mongodb/**", ".databrickscfg", ".dbt/**"),
    ),
    ReservedNames(
        title="code hosts",
        why="They push code, approve it and start pipelines.",
        env=(
            "GH_*", "GITHUB_*", "GITLAB_*", "GL_TOKEN", "GIT_*", "BITBUCKET_*", "GITEA_*", "GOGS_*", "FORGEJO_*",
            "CODEBERG_*", "GERRIT_*", "SVN_*", "HG_TOKEN", "P4*", "RENOVATE_*", "DEPENDABOT_*", "DANGER_*",
        ),
        file=(".git/**", ".git-credentials", ".config/git/**", ".netrc", "_netrc", ".authinfo*", ".config/gh/**", ".config/hub", ".config/glab-cli/**", ".subversion/**"),
    ),
    ReservedNames(
        title="CI systems",
        why="They speak for the job, and for the systems that trust it.",
        env=(
            "CI_*", "ACTIONS_*", "RUNNER_*", "INPUT_*", "SYSTEM_ACCESSTOKEN", "SYSTEM_OIDC*", "ENDPOINT_AUTH*",
            "AZP_*", "VSS_*", "TEAMCITY_*", "JENKINS_*", "HUDSON_*", "BUILDKITE*", "CIRCLE*", "TRAVIS_*", "DRONE_*",
            "WOODPECKER_*", "SEMAPHORE_*", "APPVEYOR_*", "CODEBUILD_*", "BAMBOO_*", "GOCD_*", "GO_SERVER_*",
            "CONCOURSE_*", "CIRRUS_*", "BITRISE_*", "CODEFRESH_*", "HARNESS_*", "SPACELIFT_*", "ATLANTIS_*",
            "BUDDY_*", "SCREWDRIVER_*", "TEKTON_*", "ZUUL_*", "DAGGER_*", "EARTHLY_*", "NX_CLOUD_*", "TURBO_*",
            "AGENT_TOKEN", "BUILD_TOKEN", "DEPLOY_TOKEN", "DEPLOY_KEY",
        ),
        file=("actions-runner/**", ".credentials", ".credentials_rsaparams", "gitlab-runner/**", "jenkins/secrets/**"),
    ),
    ReservedNames(
        title="clouds",
        why="They command machines, storage and other secrets.",
        env=(
            "AWS_*", "AZURE_*", "ARM_*", "MSI_*", "IDENTITY_*", "GOOGLE_*", "GCP_*", "GCLOUD_*", "CLOUDSDK_*",
            "FIREBASE_*", "ALIBABA_*", "ALICLOUD_*", "OCI_*", "IBMCLOUD_*", "OS_PASSWORD", "OS_TOKEN", "OS_AUTH_*",
            "OS_APPLICATION_CREDENTIAL_*", "DIGITALOCEAN_*", "HCLOUD_*", "HETZNER_*", "HROBOT_*", "UPCLOUD_*", "EXOSCALE_*", "VULTR_*", "YC_*",
            "TENCENTCLOUD_*", "HUAWEICLOUD_*", "OVH_*", "PACKET_*", "EQUINIX_*", "RENDER_*", "RAILWAY_*", "FASTLY_*",
            "AKAMAI_*", "BUNNY_*", "GANDI_*", "PORKBUN_*", "NAMECHEAP_*", "DNSIMPLE_*", "MINIO_*", "B2_*", "RCLONE_*",
            "RESTIC_*", "BORG_*", "LINODE_*", "SCW_*", "CLOUDFLARE_*",
            "CF_API_*", "HEROKU_*", "VERCEL_*", "NETLIFY_*", "FLY_*", "TF_*", "TERRAFORM_*", "PULUMI_*", "ANSIBLE_*",
        ),
        file=(".aws/**", ".azure/**", ".config/gcloud/**", ".config/doctl/**", ".config/hcloud/**", ".config/rclone/**",
            ".oci/**", ".s3cfg", ".boto", ".fly/**", ".netlify/**", ".pulumi/**", ".terraform.d/**", ".terraformrc"),
    ),
    ReservedNames(
        title="stores of secrets",
        why="They open everything that is kept there, not one mailbox.",
        env=(
            "VAULT_*", "BAO_*", "OP_*", "SOPS_*", "AGE_*", "BW_*", "BWS_*", "DOPPLER_*", "INFISICAL_*", "AKEYLESS_*",
            "CONJUR_*", "KSM_*", "KEEPER_*", "LPASS_*", "LASTPASS_*", "DASHLANE_*", "PROTON_PASS_*", "PASSBOLT_*", "PASSWORD_STORE_*",
            "KEEPASS_*", "BITWARDEN_*", "ONEPASSWORD_*", "TELEPORT_*",
        ),
        file=(".vault-token", ".gnupg/**", ".password-store/**", ".config/sops/**", ".config/op/**", "keyrings/**"),
    ),
    ReservedNames(
        title="signing",
        why="They sign what others trust.",
        env=(
            "GPG_*", "GNUPG*", "PGP_*", "COSIGN_*", "SIGSTORE_*", "FULCIO_*", "REKOR_*", "NOTARY_*", "NOTATION_*",
            "MINISIGN_*", "SIGNING_*", "CODESIGN*", "KEYSTORE_*", "APPLE_*", "NOTARIZE_*", "FASTLANE_*", "MATCH_PASSWORD",
            "ANDROID_*", "WINDOWS_CERTIFICATE*", "ACME_*", "LEGO_*", "STEP_CA_*",
        ),
        file=(".sigstore/**", ".minisign/**", ".signify/**"),
    ),
    ReservedNames(
        title="registries of packages and images",
        why="They publish what others install.",
        env=(
            "NPM_*", "NODE_AUTH_TOKEN", "YARN_*", "PIP_*", "PYPI_*", "TWINE_*", "POETRY_*", "UV_*", "HATCH_*", "FLIT_*",
            "CONDA_*", "ANACONDA_*", "CARGO_*", "GEM_*", "BUNDLE_*", "RUBYGEMS_*", "NUGET_*", "MAVEN_*", "GRADLE_*",
            "ORG_GRADLE_*", "OSSRH_*", "SONATYPE_*", "COMPOSER_*", "HEX_*", "ARTIFACTORY_*", "JFROG_*", "DOCKER_*",
            "DOCKERHUB_*", "REGISTRY_*", "QUAY_*", "GHCR_*", "ACR_*",
            "HARBOR_*", "NEXUS_*", "CLOUDSMITH_*", "GEMFURY_*", "PACKAGIST_*", "PUB_TOKEN", "PDM_*", "PNPM_*", "JSR_TOKEN",
            "CRATES_IO_*", "PACKAGECLOUD_*", "EXPO_*", "COCOAPODS_*", "HOMEBREW_*", "SNAPCRAFT_*", "HF_TOKEN", "HUGGING*",
        ),
        file=(".npmrc", ".yarnrc.yml", ".pypirc", ".pip/**", ".config/pip/**", ".config/uv/**", ".composer/**", ".config/composer/**", ".gradle/**", ".nuget/**",
              ".cargo/**", ".gem/**", ".docker/**", ".m2/**"),
    ),
    ReservedNames(
        title="services around a repository",
        why="They speak for the organisation elsewhere.",
        env=("SONAR_*", "CODECOV_*", "COVERALLS_*", "SENTRY_*", "SNYK_*", "DATADOG_*", "DD_*", "NEW_RELIC_*",
             "GRAFANA_*", "HONEYCOMB_*", "ROLLBAR_*", "BUGSNAG_*", "PAGERDUTY_*", "OPSGENIE_*", "JIRA_*", "CONFLUENCE_*",
             "ATLASSIAN_*", "LINEAR_API_*", "NOTION_TOKEN", "LAUNCHDARKLY_*", "SEMGREP_*", "FOSSA_*", "STRIPE_*", "SPLUNK_*", "OKTA_*", "AUTH0_*", "KEYCLOAK_*"),
    ),
    ReservedNames(
        title="chats",
        why="They speak in the name of the organisation.",
        env=("SLACK_*", "DISCORD_*", "TELEGRAM_*", "TEAMS_WEBHOOK*", "MATTERMOST_*", "MATRIX_*", "ROCKETCHAT_*", "ZULIP_*", "TWILIO_*"),
    ),
    ReservedNames(
        title="language models",
        why="They are paid by use, and what was asked may be read with them.",
        env=(
            "OPENAI_*", "ANTHROPIC_*", "CLAUDE_*", "GEMINI_*", "MISTRAL_*", "COHERE_*", "GROQ_*", "XAI_*", "DEEPSEEK_*",
            "OPENROUTER_*", "PERPLEXITY_*", "REPLICATE_*", "TOGETHER_API_*", "FIREWORKS_API_*", "LANGCHAIN_*",
            "LANGSMITH_*", "WANDB_*",
        ),
    ),
    ReservedNames(
        title="machines and clusters",
        why="They log in to machines, or to what runs on them.",
        env=("SSH_*", "SSHPASS", "RSYNC_PASSWORD", "BECOME_PASS*", "TAILSCALE_*", "TS_AUTHKEY", "CLOUDFLARED_*", "NGROK_*",
             "WIREGUARD_*", "OPENVPN_*", "LDAP_*", "KUBE*", "HELM_*", "ARGOCD_*", "FLUX_*", "KRB5*", "SUDO_*", "NOMAD_*", "CONSUL_*"),
        file=(
            ".ssh/**", "id_rsa", "id_ecdsa", "id_ed25519", ".kube/**", ".cloudflared/**", "krb5.keytab", "krb5cc_*", "kubernetes.io/**", "eks.amazonaws.com/**", "azure/tokens/**", "/etc/shadow",
            "/etc/gshadow", "/etc/ssh/**", "/proc/**", "/dev/**", "/sys/**",
        ),
    ),
    ReservedNames(
        title="proxies to the web",
        why="Their addresses may hold a password.",
        env=("HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "ALL_PROXY"),
    ),
)  # fmt: skip
"""All reserved names, by whose they are. A relative path is meant at any depth: ``.ssh/**`` in every folder."""


_BY_PATH = {glob if glob.startswith("/") else f"**/{glob}": each for each in RESERVED for glob in each.file}
_OF_MAILBOXES = "SMTP_"
_STEPS = re.compile(r"[/.:@]")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def stands_for(key: str, *, is_of_many: bool) -> tuple[str, ...]:
    """Return the variables and the path, as ``SOURCE:KEY``, that a key of a declared source may stand for.

    Of a key with several steps each may be a variable's name. The keys of a command, one for each, are paths in a store
    more often than not, where ``circle`` or ``pg`` is somebody's mailbox: there a name counts as variables are written,
    in capitals or with an underscore.
    """
    steps = dict.fromkeys((key, *_STEPS.split(key)))
    names = [step for step in steps if _VARIABLE.fullmatch(step)]
    variables = [name for name in names if is_of_many or "_" in name or name == name.upper()]
    return (*(f"env:{name}" for name in variables), f"file:{key}")


def reserved_names(secret: str) -> ReservedNames | None:
    """Return the entry of the table that keeps a secret, given as ``SOURCE:KEY``, from manifests; None for the others."""
    source, _, key = secret.partition(":")
    if source == "env" and not key.upper().startswith(_OF_MAILBOXES):
        return next((each for each in RESERVED if _covers_variable(each.env, key)), None)
    path = key.lower()
    if source == "file" and matches_any(_BY_PATH, path):
        return next(each for glob, each in _BY_PATH.items() if matches(glob, path))
    return None


def is_for_command(key: str, environment: tuple[str, ...]) -> bool:
    """Tell whether the globs that a source's ``environment`` names are for this variable in particular.

    A glob of wildcards alone gives the command everything, and says of no variable that it is a credential.
    """
    return _covers_variable(tuple(glob for glob in environment if glob.strip("*?")), key)


def _covers_variable(globs: tuple[str, ...], name: str) -> bool:
    return matches_any([glob.upper() for glob in globs], name.upper())
