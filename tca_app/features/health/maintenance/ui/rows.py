"""Maintenance windows as `/status` shows them."""

from typing import TypedDict
from zoneinfo import ZoneInfo

from tca_app.core.language.stored import name_text
from tca_app.features.health.maintenance.schemas import MaintenanceRead
from tca_app.ui.zone import span_words


class WindowLine(TypedDict):
    id: int
    title: str
    message: str
    components: str
    when: str
    state: str
    is_public: bool
    may_manage: bool


def component_names(window: MaintenanceRead) -> str:
    return ", ".join(name_text(part.name) for part in window.components)


def window_line(window: MaintenanceRead, zone: ZoneInfo) -> WindowLine:
    """Returns the line of a window, in the viewer's time zone."""
    return WindowLine(
        id=window.id,
        title=window.title,
        message=window.message,
        components=component_names(window),
        when=span_words(window.starts_at, window.ends_at, zone),
        state=window.state,
        is_public=window.is_public,
        may_manage=window.may_manage,
    )
