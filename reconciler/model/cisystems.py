"""The CI systems, in one table: by which variables a job knows that it runs in one, and who started it.

A job counts as one of CI where ``CI`` or another of the general variables is set, or all variables of one of a
system's marks. A variable that is empty, or says 0, false or no, counts as not set. What a system sets only for some
of its jobs, or what people set on their own machines too (tokens, ``KUBERNETES_SERVICE_HOST``), is no mark. Systems
that tell a job nothing (Tekton, Spinnaker, the tasks of Concourse, a container that is not handed the variables)
cannot be recognised; there ``RECONCILER_TRUST_PROJECT=never`` says it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.classes import Frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

TRUST_VARIABLE = "RECONCILER_TRUST_PROJECT"
"""The variable that says ``never`` where a project file in the checkout must not be trusted, whatever else is set."""

_NO = frozenset({"", "0", "false", "no"})

GENERAL_MARKS = (
    "CI", "CONTINUOUS_INTEGRATION", "CI_NAME", "CI_BUILD_ID", "CI_BUILD_NUMBER", "CI_JOB_ID", "CI_PIPELINE_ID",
    "BUILD_ID", "BUILD_NUMBER",
)  # fmt: skip
"""What several systems set, also those that are not in the table."""


class CISystem(Frozen):
    """A CI system, and what it sets in the environment of a job."""

    name: str
    marks: tuple[tuple[str, ...], ...]
    """All variables of one of these are set in its jobs; a name that ends with ``*`` stands for all that begin so."""
    page: str
    """Where it documents them."""
    actors: tuple[str, ...] = ()
    """The variables in which it names who started the run, the best first."""


def _either(*names: str) -> tuple[tuple[str, ...], ...]:
    """Return marks of which each is one variable."""
    return tuple(zip(names, strict=False))


CI_SYSTEMS = (
    CISystem(
        "GitHub Actions", _either("GITHUB_ACTIONS", "GITHUB_RUN_ID"), "docs.github.com/actions", ("GITHUB_ACTOR",)
    ),
    CISystem(
        "GitLab CI/CD", _either("GITLAB_CI"), "docs.gitlab.com/ci/variables", ("GITLAB_USER_LOGIN", "GITLAB_USER_NAME")
    ),
    CISystem("Gitea and Forgejo Actions", _either("GITEA_ACTIONS", "FORGEJO_ACTIONS"), "docs.gitea.com/usage/actions"),
    CISystem(
        "Azure Pipelines",
        _either("TF_BUILD", "SYSTEM_TEAMFOUNDATIONCOLLECTIONURI", "BUILD_BUILDID"),
        "learn.microsoft.com/azure/devops/pipelines/build/variables",
        ("BUILD_REQUESTEDFOR", "BUILD_REQUESTEDFOREMAIL"),
    ),
    CISystem("CircleCI", _either("CIRCLECI", "CIRCLE_BUILD_NUM"), "circleci.com/docs/variables", ("CIRCLE_USERNAME",)),
    CISystem(
        "Bitbucket Pipelines",
        _either("BITBUCKET_BUILD_NUMBER", "BITBUCKET_PIPELINE_UUID", "BITBUCKET_COMMIT"),
        "support.atlassian.com/bitbucket-cloud/docs/variables-and-secrets",
        ("BITBUCKET_STEP_TRIGGERER_UUID",),
    ),
    CISystem(
        "Buildkite",
        _either("BUILDKITE", "BUILDKITE_BUILD_ID"),
        "buildkite.com/docs/pipelines/configure/environment-variables",
        ("BUILDKITE_UNBLOCKER", "BUILDKITE_BUILD_CREATOR"),
    ),
    CISystem(
        "AWS CodeBuild",
        _either("CODEBUILD_BUILD_ID", "CODEBUILD_BUILD_ARN", "CODEBUILD_CI"),
        "docs.aws.amazon.com/codebuild/latest/userguide/build-env-ref-env-vars.html",
        ("CODEBUILD_INITIATOR",),
    ),
    CISystem(
        "AWS Amplify",
        (("AWS_APP_ID", "AWS_BRANCH"),),
        "docs.aws.amazon.com/amplify/latest/userguide/amplify-console-environment-variables.html",
    ),
    CISystem(
        "Google Cloud Build",
        (("BUILDER_OUTPUT",), ("PROJECT_ID", "BUILD_ID")),
        "cloud.google.com/build/docs/configuring-builds/substitute-variable-values",
    ),
    CISystem(
        "Drone", _either("DRONE", "DRONE_BUILD_NUMBER"), "docs.drone.io/pipeline/environment", ("DRONE_COMMIT_AUTHOR",)
    ),
    CISystem("Harness CI", _either("HARNESS_BUILD_ID", "HARNESS_EXECUTION_ID"), "developer.harness.io/docs"),
    CISystem("Woodpecker", _either("CI_SYSTEM_NAME", "CI_PIPELINE_NUMBER"), "woodpecker-ci.org/docs/usage/environment"),
    CISystem(
        "Jenkins",
        (
            *_either("JENKINS_URL", "JENKINS_HOME", "JENKINS_SERVER_COOKIE", "HUDSON_URL", "HUDSON_HOME"),
            ("BUILD_ID", "JOB_NAME"),
            ("BUILD_TAG", "JOB_NAME"),
            ("EXECUTOR_NUMBER", "NODE_NAME"),
        ),
        "jenkins.io/doc/book/pipeline/jenkinsfile",
        ("BUILD_USER_ID", "CHANGE_AUTHOR"),
    ),
    CISystem(
        "TeamCity",
        (*_either("TEAMCITY_VERSION", "TEAMCITY_BUILD_PROPERTIES_FILE"), ("BUILD_NUMBER", "BUILD_VCS_NUMBER")),
        "jetbrains.com/help/teamcity/predefined-build-parameters.html",
    ),
    CISystem(
        "Bamboo",
        _either("bamboo_*"),
        "confluence.atlassian.com/bamboo/bamboo-variables-289277087.html",
    ),
    CISystem(
        "GoCD",
        _either("GO_PIPELINE_NAME", "GO_PIPELINE_LABEL", "GO_PIPELINE_COUNTER", "GO_STAGE_NAME", "GO_SERVER_URL"),
        "docs.gocd.org/current/faq/dev_use_current_revision_in_build.html",
        ("GO_TRIGGER_USER",),
    ),
    CISystem(
        "Concourse, where its resources or a pipeline hand them on",
        _either("BUILD_PIPELINE_NAME", "BUILD_TEAM_NAME", "BUILD_JOB_NAME", "ATC_EXTERNAL_URL"),
        "concourse-ci.org/implementing-resource-types.html",
        ("BUILD_CREATED_BY",),
    ),
    CISystem(
        "AppVeyor",
        _either("APPVEYOR"),
        "appveyor.com/docs/environment-variables",
        ("APPVEYOR_REPO_COMMIT_AUTHOR",),
    ),
    CISystem("Travis CI", _either("TRAVIS", "TRAVIS_JOB_ID"), "docs.travis-ci.com/user/environment-variables"),
    CISystem("Semaphore", _either("SEMAPHORE", "SEMAPHORE_JOB_ID"), "docs.semaphoreci.com/reference/env-vars"),
    CISystem(
        "Buddy",
        _either("BUDDY", "BUDDY_WORKSPACE_ID", "BUDDY_EXECUTION_ID"),
        "buddy.works/docs/pipelines/environment-variables",
    ),
    CISystem(
        "Codefresh", _either("CF_BUILD_ID"), "codefresh.io/docs/docs/pipelines/variables", ("CF_BUILD_INITIATOR",)
    ),
    CISystem("Cirrus CI", _either("CIRRUS_CI", "CIRRUS_TASK_ID"), "cirrus-ci.org/guide/writing-tasks"),
    CISystem("Screwdriver", _either("SCREWDRIVER", "SD_BUILD_ID"), "docs.screwdriver.cd/user-guide"),
    CISystem("SourceHut builds", (("JOB_ID", "JOB_URL"),), "man.sr.ht/builds.sr.ht"),
    CISystem("Taskcluster", (("TASK_ID", "RUN_ID"),), "docs.taskcluster.net/docs/reference/workers"),
    CISystem("Prow", _either("PROW_JOB_ID"), "docs.prow.k8s.io/docs/jobs"),
    CISystem("OpenShift builds", _either("OPENSHIFT_BUILD_NAME"), "docs.openshift.com"),
    CISystem(
        "Argo Workflows",
        _either("ARGO_TEMPLATE", "ARGO_NODE_ID", "ARGO_CONTAINER_NAME", "ARGO_WORKFLOW_NAME"),
        "argo-workflows.readthedocs.io",
    ),
    CISystem("Argo CD", _either("ARGOCD_APP_NAME"), "argo-cd.readthedocs.io/en/stable/user-guide/build-environment"),
    CISystem("JetBrains Space", _either("JB_SPACE_PROJECT_KEY", "JB_SPACE_API_URL"), "jetbrains.com/help/space"),
    CISystem("Vela", _either("VELA", "VELA_BUILD_NUMBER"), "go-vela.github.io/docs/reference/environment"),
    CISystem("Atlantis", (("PULL_NUM", "BASE_REPO_NAME"),), "runatlantis.io/docs/custom-workflows.html"),
    CISystem(
        "Spacelift",
        _either("SPACELIFT", "SPACELIFT_RUN_ID", "TF_VAR_spacelift_run_id"),
        "docs.spacelift.io/concepts/configuration/environment",
    ),
    CISystem("env0", _either("ENV0_ENVIRONMENT_ID", "ENV0_DEPLOYMENT_LOG_ID"), "docs.envzero.com"),
    CISystem("Scalr", _either("SCALR_RUN_ID"), "docs.scalr.io/docs/run-environment"),
    CISystem("HCP Terraform", _either("TFC_RUN_ID", "TFE_RUN_ID"), "developer.hashicorp.com/terraform/cloud-docs"),
    CISystem("Octopus Deploy", _either("TentacleHome", "TentacleJournal"), "octopus.com/docs"),
    CISystem("Netlify", _either("NETLIFY"), "docs.netlify.com/configure-builds/environment-variables"),
    CISystem("Vercel", _either("VERCEL", "NOW_BUILDER"), "vercel.com/docs/environment-variables"),
    CISystem("Render", _either("RENDER"), "render.com/docs/environment-variables"),
    CISystem("Cloudflare Pages and Workers", _either("CF_PAGES", "WORKERS_CI"), "developers.cloudflare.com/pages"),
    CISystem("Heroku CI", _either("HEROKU_TEST_RUN_ID"), "devcenter.heroku.com/articles/heroku-ci"),
    CISystem(
        "Xcode Cloud",
        _either("CI_XCODE_CLOUD", "CI_XCODE_PROJECT", "CI_XCODEBUILD_ACTION"),
        "developer.apple.com/documentation/xcode/environment-variable-reference",
    ),
    CISystem("Bitrise", _either("BITRISE_IO", "BITRISE_BUILD_NUMBER"), "devcenter.bitrise.io"),
    CISystem("Codemagic", _either("CM_BUILD_ID", "FCI_BUILD_ID"), "docs.codemagic.io"),
    CISystem("App Center", _either("APPCENTER_BUILD_ID"), "learn.microsoft.com/appcenter"),
    CISystem("Expo Application Services", _either("EAS_BUILD"), "docs.expo.dev/build-reference/variables"),
    CISystem("Earthly", _either("EARTHLY_CI"), "docs.earthly.dev"),
    CISystem("Gerrit", _either("GERRIT_PROJECT", "GERRIT_CHANGE_NUMBER"), "plugins.jenkins.io/gerrit-trigger"),
    CISystem("Agola", _either("AGOLA_GIT_REF"), "agola.io/doc"),
    CISystem("Strider", _either("STRIDER"), "github.com/Strider-CD/strider"),
    CISystem("dsari", _either("DSARI"), "github.com/rfinnie/dsari"),
    CISystem("LayerCI", _either("LAYERCI"), "layerci.com/docs"),
    CISystem("Sail CI", _either("SAILCI"), "sail.ci"),
    CISystem("ReleaseHub", _either("RELEASE_BUILD_ID"), "docs.release.com"),
    CISystem("Solano CI", _either("TDDIUM"), "docs.solanolabs.com"),
    CISystem("Shippable", _either("SHIPPABLE"), "docs.shippable.com"),
    CISystem("Nevercode", _either("NEVERCODE"), "developer.nevercode.io"),
    CISystem("Magnum CI", _either("MAGNUM"), "magnum-ci.com"),
    CISystem("Xcode Server", _either("XCS", "XCS_BOT_NAME"), "developer.apple.com/documentation/xcode"),
    CISystem("Appcircle", _either("AC_APPCIRCLE"), "docs.appcircle.io"),
)


_MARKS = [mark for system in CI_SYSTEMS for mark in system.marks]
_ALONE = frozenset([*GENERAL_MARKS, *(mark[0] for mark in _MARKS if len(mark) == 1)])
"""The variables of which each tells by itself that a job runs in CI; a name that stands for all that begin so is none."""
_OTHER_MARKS = [mark for mark in _MARKS if len(mark) > 1 or mark[0].endswith("*")]


def set_variables(environ: Mapping[str, str]) -> frozenset[str]:
    """Return the variables that are set to more than nothing or a no.

    >>> sorted(set_variables({"CI": "true", "BUILD_ID": "", "JENKINS_URL": "No"}))
    ['CI']
    """
    return frozenset(name for name, text in environ.items() if text.strip().lower() not in _NO)


def is_marked(variables: frozenset[str], system: CISystem) -> bool:
    """Tell whether a job of this system sees such variables set."""
    return any(_has_mark(variables, mark) for mark in system.marks)


def _has_mark(variables: frozenset[str], mark: tuple[str, ...]) -> bool:
    return all(_is_one_of(variables, each) for each in mark)


def _is_one_of(variables: frozenset[str], name: str) -> bool:
    """Tell whether a variable has this name, or where that ends with ``*``, begins with it."""
    return name in variables or (name.endswith("*") and any(each.startswith(name[:-1]) for each in variables))


def is_ci(environ: Mapping[str, str]) -> bool:
    """Tell whether an environment is that of a job in CI, of whichever system."""
    variables = set_variables(environ)
    return not variables.isdisjoint(_ALONE) or any(_has_mark(variables, mark) for mark in _OTHER_MARKS)
