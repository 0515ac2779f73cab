"""View models of the environment matrix: a line for each project, a column for each environment name."""

from collections.abc import Iterable
from typing import TypedDict

from tca_app.features.deployments.matrix.schemas import EnvironmentMatrixRow, MatrixCell
from tca_app.ui import routes


class Cell(TypedDict):
    """One environment. `version` is "" before the first deployment; `is_there` is False without the environment."""

    environment: str
    version: str
    url: str
    at: str
    who: str
    is_deploying: bool
    is_there: bool


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
    return [_cell(name, places.get(key)) for key, name in columns.items()]


def _cell(environment: str, entry: MatrixCell | None) -> Cell:
    if entry is None:
        return Cell(environment=environment, version="", url="", at="", who="", is_deploying=False, is_there=False)
    return Cell(
        environment=environment,
        version=entry.version or "",
        url=routes.deployment(entry.deployment_id) if entry.deployment_id else "",
        at=entry.finished_at.isoformat() if entry.finished_at else "",
        who=entry.who or "",
        is_deploying=entry.is_deploying,
        is_there=True,
    )
