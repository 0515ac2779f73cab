"""State of the export of personal data, in the settings and on the page of a user."""

from tca_app.core.database.session import reading
from tca_app.features.personal_data import service as personal_data
from tca_app.ui.handlers import handler
from tca_app.ui.session import SessionState


class PersonalDataState(SessionState):
    ready_id: int = 0  # whose file may be downloaded now

    @handler("signed_in")
    async def load(self) -> None:
        self.ready_id = 0

    @handler("signed_in")
    async def prepare(self, user_id: int) -> None:
        """Shows the link to the file. Asks who the viewer is first, because the browser could only fail to get it."""
        async with reading() as session:
            await personal_data.require_export(session, self._as_actor(), user_id)
        self.ready_id = user_id
