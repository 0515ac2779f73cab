"""View models of the environment matrix: a line for each project, a column for each environment name."""

from collections.abc import Iterable
from typing import TypedDict

from tca_app.core.language.messages import ngettext
from tca_app.features.deployments.compare import compare_url
from tca_app.features.deployments.matrix.schemas import EnvironmentMatrixRow, MatrixCell
from tca_app.ui import routes


class Cell(TypedDict):
    """One environment. `version` is "" before the first deployment; `is_there` is False without the environment.

    `behind` says by how many releases, or is "". `compare` leads to the comparison with the newest, or to the page of
    the deployment.
    """

    environment: str
    version: str
    url: str
    at: str
    who: str
    is_deploying: bool
    is_there: bool
    behind: str
    is_newest: bool
    compare: str


def columns_of(found: Iterable[EnvironmentMatrixRow]) -> dict[str, str]:
    """Maps case-folded names to displayed names, in the order of the lowest rank of each."""
    places = sorted((entry.rank, entry.environment) for project in found for entry in project.places)
    columns: dict[str, str] = {}
    for _, name in places:
        columns.setdefault(name.casefold(), name)
    return columns


def cells_of(found: EnvironmentMatrixRow | None, columns: dict[str, str]) -> list[Cell]:
    """Returns one cell for each column. None stands for a project without environments."""
    places = {entry.environment.casefold(): entry for entry in found.places} if found else {}
    return [_cell(name, places.get(key), found) for key, name in columns.items()]


def _cell(environment: str, entry: MatrixCell | None, found: EnvironmentMatrixRow | None) -> Cell:
    if entry is None or found is None:
        return Cell(
            environment=environment,
            version="",
            url="",
            at="",
            who="",
            is_deploying=False,
            is_there=False,
            behind="",
            is_newest=False,
            compare="",
        )
    url = routes.deployment(entry.deployment_id) if entry.deployment_id else ""
    return Cell(
        environment=environment,
        version=entry.version or "",
        url=url,
        at=entry.finished_at.isoformat() if entry.finished_at else "",
        who=entry.who or "",
        is_deploying=entry.is_deploying,
        is_there=True,
        behind=ngettext("Behind by {count} release", "Behind by {count} releases", entry.behind)
        if entry.behind
        else "",
        is_newest=entry.behind == 0,
        compare=_compare(entry, found) or url,
    )


def _compare(entry: MatrixCell, found: EnvironmentMatrixRow) -> str:
    """Returns the repository's comparison with the newest release that runs in an environment, or ""."""
    newest = next((other.commit_sha for other in found.places if other.behind == 0 and other.commit_sha), "")
    return compare_url(found.repository_url, entry.commit_sha or "", newest)
