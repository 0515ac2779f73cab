"""What the claims of a CI job say: whether a project trusts them, and which job it is."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from tca_app.features.ci.schemas import NAMING

MAX_SHOWN = 100
IDS = ("repository_id", "project_id", "repositoryUuid", "oidc.circleci.com/project-id", "sub")  # never by a beginning
_REPOSITORY = ("repository", "project_path", "sub")
_RUN = ("run_id", "pipeline_id", "job_id")


class Job(NamedTuple):
    """The job, for people and for the log. A claim that the issuer does not make is empty."""

    repository: str
    ref: str
    environment: str
    run_id: str

    @property
    def words(self) -> str:
        return ", ".join(part for part in (self.repository, f"run {self.run_id}" if self.run_id else "") if part)


def names_a_repository(claims: Mapping[str, str]) -> bool:
    """Returns whether one of the claims names a repository, or all repositories of one owner.

    `acme*` would also trust the repositories of an owner who registers `acme-evil`.
    """
    return any(_names_one(name, claims[name]) for name in NAMING if name in claims)


def _names_one(name: str, value: str) -> bool:
    if not value.endswith("*"):
        return True
    return name not in IDS and value.endswith("/*") and len(value) > 2


def match(trusted: Mapping[str, str], claims: Mapping[str, Any]) -> bool:
    """Returns whether the claims of a verified ID token are those that are trusted."""
    return bool(trusted) and all(_matches(value, _text(claims.get(name))) for name, value in trusted.items())


def _matches(trusted: str, value: str) -> bool:
    if trusted.endswith("*"):
        return value.startswith(trusted[:-1])
    return value == trusted


def _text(value: object) -> str:
    """Returns a claim as text. A list or an object matches nothing."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int) else ""


def job_of(claims: Mapping[str, Any]) -> Job:
    return Job(
        _first(claims, _REPOSITORY), _first(claims, ("ref",)), _first(claims, ("environment",)), _first(claims, _RUN)
    )


def _first(claims: Mapping[str, Any], names: tuple[str, ...]) -> str:
    """Returns the first of these claims that there is, printable and short, because its issuer may write anything."""
    found = next((text for name in names if (text := _text(claims.get(name)))), "")
    return "".join(character for character in found[: 2 * MAX_SHOWN] if character.isprintable())[:MAX_SHOWN]
