"""State of the choice of a new owner for the projects of users who are deleted."""

from typing import TypedDict

from tca_app.core.database.session import reading
from tca_app.features.users import service as users
from tca_app.ui.handlers import handler
from tca_app.ui.session import SessionMixin
from tca_app.ui.url import printable


class NewOwner(TypedDict):
    """A user who may become the new owner of projects."""

    id: int
    name: str
    username: str


NO_OWNER = NewOwner(id=0, name="", username="")


class NewOwnerState(SessionMixin, mixin=True):
    """Mixin of a confirmation that deletes users. List it before the state's base class."""

    owner_text: str = ""  # why a new owner is needed; empty when none is
    owner_candidates: list[NewOwner] = []
    new_owner: NewOwner = NO_OWNER

    _leaving: list[int] = []  # the users to delete, who cannot become owners

    async def _offer_owners(self, text: str, leaving: list[int]) -> None:
        """Offers the choice, and says in `text` why."""
        self.owner_text, self._leaving, self.new_owner = text, leaving, NO_OWNER
        await self._search_owners("")

    def _hide_owners(self) -> None:
        self.owner_text, self.owner_candidates, self.new_owner = "", [], NO_OWNER

    async def _search_owners(self, search: str) -> None:
        async with reading() as session:
            found = await users.search_people(session, self._as_actor(), search)
        left_out = {*self._leaving, self.new_owner["id"]}
        self.owner_candidates = [
            NewOwner(id=person.id, name=person.display_name, username=person.username)
            for person in found
            if person.id not in left_out
        ]

    @handler("users.manage", supersedes=True)
    async def find_owners(self, text: str) -> None:
        if self.owner_text:
            await self._search_owners(printable(text))

    @handler("users.manage")
    async def choose_owner(self, user_id: int) -> None:
        """Chooses one of the candidates. The one chosen before becomes a candidate again."""
        chosen = [person for person in self.owner_candidates if person["id"] == user_id]
        if chosen:
            others = [person for person in self.owner_candidates if person["id"] != user_id]
            self.owner_candidates = [*([self.new_owner] if self.new_owner["id"] else []), *others]
            self.new_owner = chosen[0]
