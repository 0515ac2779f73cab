"""State of the log: its length. When there are more lines, the browser reads them (assets/console/log)."""

import reflex as rx

from tca_app.core.database.session import reading
from tca_app.core.errors import NotFound
from tca_app.core.language.messages import ngettext
from tca_app.features.deployments import logs
from tca_app.ui import routes
from tca_app.ui.handlers import handler
from tca_app.ui.session import SessionState
from tca_app.ui.url import record_id


class LogState(SessionState):
    """The state of the log, apart from the page, because it changes up to twice a second for every viewer."""

    log_of: int = 0
    log_lines: int = 0
    is_deleted: bool = False

    @rx.var
    def log_length(self) -> str:
        return ngettext("{count} line", "{count} lines", self.log_lines)

    @handler("signed_in", supersedes=True)
    async def load(self) -> None:
        deployment_id = record_id(self.router_data, routes.DEPLOYMENTS)
        self._watch(LogState.load, f"deployment_log:{deployment_id}")
        try:
            async with reading() as session:
                length = await logs.count_lines(session, self._as_actor(), deployment_id)
        except NotFound:
            length = logs.LogLength(0, False)  # the page reports it itself
        self.log_of, self.log_lines, self.is_deleted = deployment_id, *length
