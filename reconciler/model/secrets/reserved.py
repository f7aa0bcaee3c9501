"""The names that no manifest may give a secret, whatever ``secrets.allow`` covers, and why.

The premise: where a command runs, there are credentials that are not those of a mailbox, under names that everybody
knows, and a wide glob such as ``env:*`` or ``file:/run/secrets/**`` covers them by mistake. So those names are reserved
here, in one table. The project file may name them: whoever writes it could take the credentials anyway.

Letters count alike in either case. Names that begin with ``SMTP_`` are never reserved.
"""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.model.text.globs import matches


@dataclass(frozen=True, slots=True)
class ReservedNames:
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
        env=("PG*", "POSTGRES*", "MYSQL_*", "MARIADB_*", "REDIS_*", "MONGO*", "DATABASE_*", "DB_*"),
        file=(".pgpass", ".my.cnf"),
    ),
    ReservedNames(
        title="code hosts",
        why="They push code, approve it and start pipelines.",
        env=(
            "GH_*", "GITHUB_*", "GITLAB_*", "GL_TOKEN", "GIT_*", "BITBUCKET_*", "GITEA_*", "FORGEJO_*", "CODEBERG_*",
        ),
        file=(".git/**", ".git-credentials", ".netrc", ".config/gh/**", ".config/glab-cli/**"),
    ),
    ReservedNames(
        title="CI systems",
        why="They speak for the job, and for the systems that trust it.",
        env=(
            "CI_*", "ACTIONS_*", "RUNNER_*", "INPUT_*", "SYSTEM_ACCESSTOKEN", "SYSTEM_OIDC*", "ENDPOINT_AUTH*",
            "AZP_*", "VSS_*", "TEAMCITY_*", "JENKINS_*", "HUDSON_*", "BUILDKITE*", "CIRCLE*", "TRAVIS_*", "DRONE_*",
            "WOODPECKER_*", "SEMAPHORE_*", "APPVEYOR_*", "CODEBUILD_*", "BAMBOO_*", "GOCD_*", "GO_SERVER_*",
            "CONCOURSE_*", "CIRRUS_*", "BITRISE_*", "CODEFRESH_*", "HARNESS_*", "SPACELIFT_*", "ATLANTIS_*",
        ),
    ),
    ReservedNames(
        title="clouds",
        why="They command machines, storage and other secrets.",
        env=(
            "AWS_*", "AZURE_*", "ARM_*", "MSI_*", "IDENTITY_*", "GOOGLE_*", "GCP_*", "GCLOUD_*", "CLOUDSDK_*",
            "FIREBASE_*", "ALIBABA_*", "ALICLOUD_*", "OCI_*", "IBMCLOUD_*", "OS_PASSWORD", "OS_TOKEN", "OS_AUTH_*",
            "OS_APPLICATION_CREDENTIAL_*", "DIGITALOCEAN_*", "HCLOUD_*", "LINODE_*", "SCW_*", "OVH_APPLICATION_*", "OVH_CONSUMER_KEY", "CLOUDFLARE_*",
            "CF_API_*", "HEROKU_*", "VERCEL_*", "NETLIFY_*", "FLY_*", "TF_*", "TERRAFORM_*", "PULUMI_*", "ANSIBLE_*",
        ),
        file=(".aws/**", ".azure/**", ".config/gcloud/**", ".config/doctl/**", ".oci/**", ".terraform.d/**"),
    ),
    ReservedNames(
        title="stores of secrets",
        why="They open everything that is kept there, not one mailbox.",
        env=(
            "VAULT_*", "BAO_*", "OP_*", "SOPS_*", "AGE_*", "BW_*", "BWS_*", "DOPPLER_*", "INFISICAL_*", "AKEYLESS_*",
            "CONJUR_*", "KSM_*", "LPASS_*", "PASSBOLT_*", "PASSWORD_STORE_*", "GPG_*", "GNUPG*",
        ),
        file=(".vault-token", ".gnupg/**", ".password-store/**", ".config/sops/**", ".config/op/**"),
    ),
    ReservedNames(
        title="registries of packages and images",
        why="They publish what others install.",
        env=(
            "NPM_*", "NODE_AUTH_TOKEN", "YARN_*", "PIP_*", "PYPI_*", "TWINE_*", "POETRY_*", "UV_*", "HATCH_*", "FLIT_*",
            "CONDA_*", "ANACONDA_*", "CARGO_*", "GEM_*", "BUNDLE_*", "RUBYGEMS_*", "NUGET_*", "MAVEN_*", "GRADLE_*",
            "ORG_GRADLE_*", "OSSRH_*", "SONATYPE_*", "COMPOSER_*", "HEX_*", "ARTIFACTORY_*", "JFROG_*", "DOCKER_*",
            "DOCKERHUB_*", "REGISTRY_*", "QUAY_*", "GHCR_*", "HF_TOKEN", "HUGGING*",
        ),
        file=(".npmrc", ".yarnrc.yml", ".pypirc", ".config/pip/**", ".cargo/**", ".gem/**", ".docker/**", ".m2/**"),
    ),
    ReservedNames(
        title="services around a repository",
        why="They speak for the organisation elsewhere.",
        env=("SONAR_*", "CODECOV_*", "COVERALLS_*", "SENTRY_*", "SNYK_*", "DATADOG_*", "DD_*", "NEW_RELIC_*", "SLACK_*"),
    ),
    ReservedNames(
        title="machines and clusters",
        why="They log in to machines, or to what runs on them.",
        env=("SSH_*", "KUBE*", "HELM_*", "ARGOCD_*", "FLUX_*", "KRB5*", "SUDO_*", "NOMAD_*", "CONSUL_*"),
        file=(
            ".ssh/**", ".kube/**", "kubernetes.io/**", "eks.amazonaws.com/**", "azure/tokens/**", "/etc/shadow",
            "/etc/gshadow", "/etc/ssh/**", "/proc/**",
        ),
    ),
    ReservedNames(
        title="proxies to the web",
        why="Their addresses may hold a password.",
        env=("HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "ALL_PROXY"),
    ),
)  # fmt: skip
"""All reserved names, by whose they are. A relative path is meant at any depth: ``.ssh/**`` in every folder."""


_OF_MAILBOXES = "SMTP_"


def reserved_names(secret: str) -> ReservedNames | None:
    """Return the entry of the table that keeps a secret, given as ``SOURCE:KEY``, from manifests; None for the others."""
    source, _, key = secret.partition(":")
    if source == "env" and not key.upper().startswith(_OF_MAILBOXES):
        return next((each for each in RESERVED if _covers_variable(each.env, key)), None)
    if source == "file":
        return next((each for each in RESERVED if _covers_path(each.file, key)), None)
    return None


def is_for_command(key: str, environment: tuple[str, ...]) -> bool:
    """Tell whether the globs that a source's ``environment`` names are for this variable in particular.

    A glob of wildcards alone gives the command everything, and says of no variable that it is a credential.
    """
    return _covers_variable(tuple(glob for glob in environment if glob.strip("*?")), key)


def _covers_variable(globs: tuple[str, ...], name: str) -> bool:
    return any(matches(glob.upper(), name.upper()) for glob in globs)


def _covers_path(globs: tuple[str, ...], path: str) -> bool:
    lowered = path.lower()
    return any(matches(glob if glob.startswith("/") else f"**/{glob}", lowered) for glob in globs)
