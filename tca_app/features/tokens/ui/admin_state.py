"""State of the page of all API tokens, for administrators."""

from typing import ClassVar

from tca_app.core.actor import Actor
from tca_app.core.database.session import Session
from tca_app.core.facets import Facets
from tca_app.core.lists.bulk import BulkResult
from tca_app.features.projects.refs import read_refs
from tca_app.features.projects.schemas import ProjectRef
from tca_app.features.tokens import listing, service as tokens
from tca_app.features.tokens.filters import TOKENS
from tca_app.features.tokens.schemas import OwnedTokenRead, TokenQuery
from tca_app.features.tokens.ui.state import REVOKE, TokenRow, token_row
from tca_app.ui import routes
from tca_app.ui.components.faces import Face, Mark, face_of, mark_of
from tca_app.ui.handlers import Events, handler
from tca_app.ui.session import SessionState
from tca_app.ui.table.bulk import BulkActions, BulkSpec
from tca_app.ui.table.state import TableQuery
from tca_app.ui.url import printable

FIELDS: dict[str, listing.TokenField] = {"state": "state", "person": "user_id", "project": "project_id"}


class OwnedTokenRow(TokenRow):
    """A token with the name and the page of the person or project that it belongs to."""

    owner: str
    owner_url: str
    face: Face
    mark: Mark  # of the project, empty for a person
    is_active: bool


class AllTokensState(BulkActions, SessionState):
    """State of the page. The URL holds its filters."""

    rows: list[OwnedTokenRow] = []

    _bulk: ClassVar = BulkSpec("tokens.manage", "token", (REVOKE,), name_key="name")
    _spec: ClassVar = TOKENS

    def _asked(self, query: TableQuery) -> TokenQuery:
        return TokenQuery.model_validate(
            {
                "skip": min(query.skip, 10_000),
                "limit": query.limit,
                "search": printable(query.search),
                "sort": query.sort,
                "state": query.chosen["state"],
                "user_id": query.chosen["person"],
                "project_id": query.chosen["project"],
                **self._span(query),
            }
        )

    async def _fetch(self, session: Session, actor: Actor, query: TableQuery) -> tuple[list[OwnedTokenRow], int, bool]:
        asked = self._asked(query)
        page = await listing.list_all_tokens(session, actor, asked)
        self._offer_export(asked)
        refs = await read_refs(session, (token.project_id for token in page.items))
        return [_row(token, refs.get(token.project_id or 0)) for token in page.items], page.total, page.capped

    async def _facet(self, session: Session, actor: Actor, query: TableQuery, key: str, search: str) -> Facets:
        return await listing.count_tokens(session, actor, self._asked(query), FIELDS[key], search)

    async def _names(self, session: Session, actor: Actor, key: str, ids: list[int]) -> dict[str, str]:
        return await listing.token_owners(session, actor, "user_id" if key == "person" else "project_id", ids)

    async def _apply(self, session: Session, actor: Actor, action: str, ids: list[int]) -> list[BulkResult]:
        return await tokens.revoke_tokens(session, actor, ids)

    @handler("tokens.manage", supersedes=True)
    async def load(self) -> Events:
        return await self._load()


def _row(token: OwnedTokenRead, project: ProjectRef | None) -> OwnedTokenRow:
    url = routes.project(token.owner_id) if token.project_id else routes.user(token.owner_id)
    return OwnedTokenRow(
        **token_row(token),
        owner=token.owner,
        owner_url=url,
        face=face_of(token.owner, token.owner_id),
        mark=mark_of(project),
        is_active=token.state == "active",
    )
