"""State of the user picker: finds active users by name and keeps the picked ones."""

from typing import ClassVar, TypedDict

from tca_app.core.database.session import reading
from tca_app.features.users import service as users
from tca_app.ui.components.faces import Face, face_of
from tca_app.ui.handlers import handler
from tca_app.ui.session import SessionMixin
from tca_app.ui.url import MAX_SEARCH, printable

FOUND = 6
PERSON = "user_id"  # the field of a service that the picked user is


class Person(TypedDict):
    id: int
    name: str
    username: str
    face: Face


class PickerState(SessionMixin, mixin=True):
    """Mixin of the user picker. List it before the state's base class."""

    people: list[Person] = []
    people_text: str = ""
    people_found_for: str = ""  # the text of the last search; Enter picks nobody who was found for another text
    picked: list[Person] = []

    _picks_many: ClassVar[bool] = False

    def _forget_people(self) -> None:
        self.people, self.people_text, self.people_found_for, self.picked = [], "", "", []

    def _not_offered(self) -> set[int]:
        """Returns the ids of users who are members already."""
        return {self.user_id}

    @handler("signed_in", supersedes=True)
    async def look_for(self, text: str) -> None:
        wanted = printable(text)
        found = []
        if wanted:
            async with reading() as session:
                found = await users.search_people(session, self._as_actor(), wanted)
        left_out = self._not_offered() | {person["id"] for person in self.picked}
        self.people_text, self.people_found_for = wanted, text[:MAX_SEARCH]
        self.people = [
            Person(id=p.id, name=p.display_name, username=p.username, face=face_of(p.display_name, p.id))
            for p in found
            if p.id not in left_out
        ][:FOUND]

    @handler("signed_in")
    async def pick(self, person_id: int) -> None:
        """Picks one of the users found."""
        found = [Person(**person) for person in self.people if person["id"] == person_id]
        if found:
            self.picked = [*self.picked, *found] if self._picks_many else found
            self.people, self.people_text, self.people_found_for = [], "", ""
            self._someone_is_picked()

    def _refuse_person(self, errors: dict[str, str], field: str = PERSON) -> str:
        """Returns what is wrong with the picked user, who is taken out, so that the search shows it; "" for nothing."""
        text = errors.get(field, "")
        if text and not self._picks_many:
            self.picked = []
        return text

    def _someone_is_picked(self) -> None:
        """Clears the error of a form that misses a user."""

    @handler("signed_in")
    async def unpick(self, person_id: int) -> None:
        self.picked = [person for person in self.picked if person["id"] != person_id]
