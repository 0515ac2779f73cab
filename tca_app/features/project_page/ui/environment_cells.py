"""Reads the cells of the environment matrix for the list of projects."""

from collections.abc import Sequence
from typing import Any

from tca_app.core.actor import Actor
from tca_app.core.database.session import Session
from tca_app.features.deployments.matrix.queries import environments_with_versions
from tca_app.features.deployments.matrix.ui.schemas import Reporter, cells_of, columns_of, reporters_of


async def read_cells(
    session: Session, actor: Actor, project_ids: Sequence[int]
) -> tuple[list[str], dict[str, Reporter], dict[int, list[Any]]]:
    """Returns the names of the columns, who is named in the cells, and the cells of each project by its id."""
    found = await environments_with_versions(session, actor, project_ids)
    columns = columns_of(found.values())
    cells = {id_: [*cells_of(found.get(id_), columns)] for id_ in project_ids}
    return list(columns.values()), reporters_of(found.values()), cells
