"""The columns of a list that are shown in its trash: when a row was deleted, by whom, and when it is purged."""

from datetime import UTC, datetime
from typing import Any, TypedDict

import reflex as rx

from tca_app.core.language.messages import _, ngettext
from tca_app.core.lists.trash import purge_time
from tca_app.core.region.formats import ZONE, time_words
from tca_app.ui.components.basic import relative_time
from tca_app.ui.components.faces import Face, face_of, with_face
from tca_app.ui.components.text import t
from tca_app.ui.table.grid import Column, cut

_DAY_S, _HOUR_S = 86_400, 3_600


class Trashed(TypedDict, total=False):
    """What the columns show of a row in the trash; nothing of another row. Times are ISO 8601."""

    deleted_at: str
    deleted_by: str  # "" when the log does not say
    face: Face
    purged_at: str  # "" for never
    purged: str
    purged_exact: str


def trashed(deleted_at: datetime | None, by_id: int | None, by: str) -> Trashed:
    if deleted_at is None:
        return Trashed()
    at = purge_time(deleted_at)
    return Trashed(
        deleted_at=deleted_at.isoformat(),
        deleted_by=by,
        face=face_of(by, by_id),
        purged_at=at.isoformat() if at else "",
        purged=time_left((at - datetime.now(UTC)).total_seconds()) if at else _("Never"),
        purged_exact=time_words(at, ZONE.get()) if at else "",
    )


def time_left(seconds: float) -> str:
    """ "in 12 days", never coarser than a day. The part of an hour until the next run makes no day more."""
    if seconds > _DAY_S:
        return ngettext("in {count} day", "in {count} days", -int(-(seconds - _HOUR_S) // _DAY_S))
    hours = max(1, -int(-seconds // _HOUR_S))
    return ngettext("in {count} hour", "in {count} hours", hours)


def trash_columns() -> tuple[Column, ...]:
    return (
        Column("deleted_at", t("Deleted"), cell=_deleted_cell, sortable=True, in_trash=True),
        Column("deleted_by", t("By"), cell=_by_cell, sortable=True, wide=20, in_trash=True),
        # Every row is kept for the same time: its order is that of "Deleted", and two heads would have the arrow.
        Column("purged", t("Purged"), cell=_purged_cell, in_trash=True),
    )


def _deleted_cell(row: Any) -> rx.Component:
    return relative_time(row["trash"]["deleted_at"])


def _by_cell(row: Any) -> rx.Component:
    note = row["trash"]
    unknown = rx.el.span(t("Unknown"), class_name="muted")
    return rx.cond(note["deleted_by"] != "", with_face(note["face"], cut(note["deleted_by"])), unknown)


def _purged_cell(row: Any) -> rx.Component:
    note = row["trash"]
    return rx.el.time(note["purged"], date_time=note["purged_at"], title=note["purged_exact"], class_name="num nowrap")
