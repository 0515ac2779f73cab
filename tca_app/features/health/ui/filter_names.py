"""What the filters of lists about components show: the console's own ones are named in the language of the viewer."""

from tca_app.core.actor import Actor
from tca_app.core.database.session import Session
from tca_app.core.facets import Facets
from tca_app.core.language.stored import name_text
from tca_app.features.health.components import filter_names


def component_facets(facets: Facets) -> Facets:
    named = [facet.model_copy(update={"label": name_text(facet.label)}) for facet in facets.values]
    return facets.model_copy(update={"values": named})


async def shown_names(session: Session, actor: Actor, key: str, ids: list[int]) -> dict[str, str]:
    """Returns the names of what the filter `key`, of components or of projects, names by its id."""
    if key == "project":
        return await filter_names(session, actor, "project_id", ids)
    found = await filter_names(session, actor, "check_id", ids)
    return {check_id: name_text(name) for check_id, name in found.items()}
