"""State of the choice of a new owner for the projects of users who are deleted."""

from tca_app.features.projects.ui.picker_state import PickerState

TRANSFER_TO = "transfer_to"  # the field of the service


class NewOwnerState(PickerState, mixin=True):
    """Mixin of a confirmation that deletes users. List it before the state's base class."""

    owner_text: str = ""  # why a new owner is needed; empty when none is
    owner_error: str = ""

    _leaving: list[int] = []  # the users to delete, who cannot become owners

    def _offer_owners(self, text: str, leaving: list[int]) -> None:
        """Offers the choice, and says in `text` why."""
        self._forget_people()
        self.owner_text, self.owner_error, self._leaving = text, "", leaving

    def _hide_owners(self) -> None:
        self._offer_owners("", [])

    def _not_offered(self) -> set[int]:
        return set(self._leaving)

    def _someone_is_picked(self) -> None:
        self.owner_error = ""

    def _new_owner_id(self) -> int | None:
        return self.picked[0]["id"] if self.picked else None
