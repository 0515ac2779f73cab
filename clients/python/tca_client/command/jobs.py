"""What the environment of a CI job says about the deployment: GitHub Actions, GitLab, Jenkins, or a git folder."""

import subprocess
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

_COMMIT = ("GITHUB_SHA", "CI_COMMIT_SHA", "GIT_COMMIT")
_REF = ("GITHUB_REF_NAME", "CI_COMMIT_REF_NAME", "BRANCH_NAME", "GIT_BRANCH")
_URL = ("CI_JOB_URL", "BUILD_URL")
_MAX_REF, _MAX_URL = 200, 2_000


def facts_of_job(environment: Mapping[str, str], commit: str = "", ref: str = "") -> dict[str, Any]:
    """Return `commit_sha`, `ref`, `ci_url` and `commit_at`, as far as they are known."""
    of_job = _first(environment, _COMMIT)
    commit = commit or of_job or _git("rev-parse", "HEAD")
    facts = {
        "commit_sha": commit,
        "ref": (ref or _first(environment, _REF))[:_MAX_REF],
        "ci_url": _job_url(environment),
        "commit_at": _commit_time(environment, commit, is_of_job=commit == of_job),
    }
    return {name: value for name, value in facts.items() if value}


def _commit_time(environment: Mapping[str, str], commit: str, *, is_of_job: bool) -> str:
    if is_of_job and (given := environment.get("CI_COMMIT_TIMESTAMP")):
        return given
    return _git("show", "-s", "--format=%cI", "--end-of-options", commit) if commit else ""


def _first(environment: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((environment[name] for name in names if environment.get(name)), "")


def _job_url(environment: Mapping[str, str]) -> str:
    url = _first(environment, _URL)
    if run := environment.get("GITHUB_RUN_ID"):
        url = (
            f"{environment.get('GITHUB_SERVER_URL', '')}/{environment.get('GITHUB_REPOSITORY', '')}/actions/runs/{run}"
        )
    is_url = urlsplit(url).scheme in ("http", "https") and len(url) <= _MAX_URL
    return url if is_url else ""


def _git(*arguments: str) -> str:
    """Return what git prints about the working folder, or nothing: the job may have no repository, or no git."""
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()
