"""State of the dialog "Customize": a draft of the viewer's layout, which is saved as a whole or not at all."""

from collections.abc import AsyncGenerator
from typing import Any, Literal, TypedDict

from tca_app.core.database.session import reading, transaction
from tca_app.core.errors import Invalid
from tca_app.core.language.messages import N_, _
from tca_app.features.dashboard.layout.service import CARDS, read_layout, save_layout, standard
from tca_app.features.dashboard.schemas import CardName, LayoutRead, LayoutUpdate, PanelName
from tca_app.features.dashboard.ui.state import DashboardState
from tca_app.ui.handlers import handler
from tca_app.ui.session import SessionState

LABELS: dict[CardName | PanelName, str] = {
    "users": N_("Total users"),
    "projects": N_("Active projects"),
    "deployments": N_("Deployments"),
    "health": N_("System health"),
    "success_rate": N_("Success rate"),
    "deployments_by_day": N_("Deployments by day"),
    "deploying_now": N_("Deploying now"),
    "busiest_projects": N_("Busiest projects"),
    "delivery_measures": N_("DORA metrics"),
    "users_over_time": N_("Users over time"),
    "newest_projects": N_("Newest projects"),
    "newest_users": N_("Newest users"),
    "recent_activity": N_("Recent activity"),
    "system_health": N_("System health by component"),
}


class Line(TypedDict):
    """A card or panel in the dialog. With `is_first` or `is_last` it cannot move further."""

    name: str
    label: str
    is_shown: bool
    is_first: bool
    is_last: bool


class CustomizeState(SessionState):
    is_open: bool = False
    is_saving: bool = False
    cards: list[Line] = []
    panels: list[Line] = []
    announcement: str = ""  # announced to screen readers after each step

    @handler("signed_in")
    async def open_arrange(self) -> None:
        async with reading() as session:
            self._draw(await read_layout(session, self._as_actor()))
        self.is_open, self.announcement = True, ""
        self._note_dialog("is_open")

    @handler("signed_in")
    async def close(self, is_open: bool = False) -> None:
        """Closes the dialog on Cancel, Esc or a click outside."""
        if not is_open and not self.is_saving:
            self.is_open = False

    @handler("signed_in")
    async def show(self, name: str, is_shown: bool) -> None:
        lines, index = self._find(name)
        lines[index]["is_shown"] = is_shown
        self._keep(lines)
        label = lines[index]["label"]
        self.announcement = _("{label} is shown.", label=label) if is_shown else _("{label} is hidden.", label=label)

    @handler("signed_in")
    async def move(self, name: str, step: Literal[-1, 1]) -> None:
        """Moves a line up or down by one. At the end of the list nothing happens."""
        lines, index = self._find(name)
        to = index + step
        if 0 <= to < len(lines):
            lines.insert(to, lines.pop(index))
            self._keep(lines)
            self.announcement = _(
                "{label} is number {to} of {lines}.", label=lines[to]["label"], to=to + 1, lines=len(lines)
            )

    @handler("signed_in")
    async def use_standard(self) -> None:
        """Resets the draft to the default. Nothing is saved until the viewer saves."""
        self._draw(standard(self._as_actor()))
        self.announcement = _("Everything is shown in the default order. Save to keep it.")

    @handler("signed_in")
    async def save(self) -> AsyncGenerator[Any, None]:
        if not self.is_open:  # a double click: the first one saved it
            return
        self.is_saving = True
        yield
        lines = (*self.cards, *self.panels)
        data = LayoutUpdate.model_validate(
            {
                "cards": [line["name"] for line in self.cards],
                "panels": [line["name"] for line in self.panels],
                "hidden": [line["name"] for line in lines if not line["is_shown"]],
            }
        )
        try:
            async with transaction() as session:
                await save_layout(session, self._as_actor(), data)
        finally:
            self.is_saving = False
        self.is_open = False
        self._toast(_("Dashboard saved"))
        yield DashboardState.load

    def _draw(self, layout: LayoutRead) -> None:
        self._keep([_line(name, layout) for name in layout.cards])
        self._keep([_line(name, layout) for name in layout.panels])

    def _find(self, name: str) -> tuple[list[Line], int]:
        """Returns a copy of the list with that name, and the index of the name. Raises Invalid."""
        for lines in (self.cards, self.panels):
            names = [line["name"] for line in lines]
            if name in names:
                return [Line(**line) for line in lines], names.index(name)
        raise Invalid(_("Unknown card or panel."))

    def _keep(self, lines: list[Line]) -> None:
        for index, line in enumerate(lines):
            line["is_first"], line["is_last"] = index == 0, index == len(lines) - 1
        if lines[0]["name"] in CARDS:
            self.cards = lines
        else:
            self.panels = lines


def _line(name: CardName | PanelName, layout: LayoutRead) -> Line:
    return Line(name=name, label=_(LABELS[name]), is_shown=name not in layout.hidden, is_first=False, is_last=False)
