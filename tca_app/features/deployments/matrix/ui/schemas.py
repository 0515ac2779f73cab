"""View models of the environment matrix: a line for each project, a column for each environment name."""

from collections.abc import Iterable
from typing import TypedDict

from tca_app.features.deployments.compare import compare_url
from tca_app.features.deployments.matrix.schemas import EnvironmentMatrixRow, MatrixCell
from tca_app.ui.components.faces import Face, face_of


class Cell(TypedDict, total=False):
    """One environment. What is empty or False is left out: a page has thousands of cells, and all pass the websocket.

    `version` is left out before the first deployment, `behind` on the newest release, `compare` where the repository
    has no comparison with the newest. `who` is the key of a person.
    """

    version: str
    deployment: int
    at: str
    who: str
    behind: int
    compare: str
    is_deploying: bool
    is_missing: bool  # the project has no such environment


class Reporter(Face):
    """Who deployed. Each is sent once, however many cells name them."""

    name: str


def reporters_of(found: Iterable[EnvironmentMatrixRow]) -> dict[str, Reporter]:
    """Returns who is named in the cells, by the key that these have."""
    entries = (entry for project in found for entry in project.places)
    return {
        _key(entry): Reporter(name=entry.who, **face_of(entry.who, entry.created_by_id))
        for entry in entries
        if entry.who
    }


def _key(entry: MatrixCell) -> str:
    return str(entry.created_by_id) if entry.created_by_id else f"@{entry.who}"


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
    newest = next((entry.commit_sha for entry in places.values() if entry.behind == 0 and entry.commit_sha), "")
    repository = found.repository_url if found else ""
    return [_cell(places.get(key), repository, newest) for key in columns]


def _cell(entry: MatrixCell | None, repository: str, newest: str) -> Cell:
    """Returns the cell of an environment. `newest` is the commit of the newest release that runs in any."""
    if entry is None:
        return Cell(is_missing=True)
    cell = Cell(is_deploying=True) if entry.is_deploying else Cell()
    if entry.deployment_id is None or entry.finished_at is None:
        return cell
    cell |= Cell(
        version=entry.version or "", deployment=entry.deployment_id, at=entry.finished_at.isoformat("T", "seconds")
    )
    if entry.who:
        cell["who"] = _key(entry)
    if entry.behind:
        cell["behind"] = entry.behind
        if compare := compare_url(repository, entry.commit_sha or "", newest):
            cell["compare"] = compare
    return cell
