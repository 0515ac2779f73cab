"""Service functions for the instance settings, and what keeps the copy of this process current (`core.instance`)."""

import asyncio
import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

from sqlalchemy import case, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from tca_app.core import instance, pictures
from tca_app.core.actor import Actor
from tca_app.core.cache.follow import follow, read_or_log
from tca_app.core.database.concurrency import VersionedRow, check_version, fields_of
from tca_app.core.database.session import after_commit, lock, reading
from tca_app.core.display_name import display_name_sql
from tca_app.core.errors import FieldError, Invalid, NotFound
from tca_app.core.events.log import emit
from tca_app.core.language.messages import _
from tca_app.features.auth.step_up import require_recent_proof
from tca_app.features.instance import policy
from tca_app.features.instance.events import InstanceSettingsChanged
from tca_app.features.instance.schemas import MAX_LOGO, InstanceRead, InstanceUpdate, LogoUpdate
from tca_app.models import InstanceSetting, User

TOPIC = "instance"
LOGO = "logo"
ADMINISTRATORS_SINCE = "two_factor_administrators_since"
_rows = InstanceSetting.__table__.c
_editor = display_name_sql(User.__table__.c).label("editor")
_refreshing = asyncio.Lock()  # so that of two reads the later one counts


@dataclass(slots=True)
class _Current:
    """The settings as one row. `stored` are the values for `core.instance`."""

    version: int = 0
    updated_at: datetime | None = None
    changed_by: str = ""
    changed_by_id: int | None = None
    stored: dict[str, Any] = field(default_factory=dict)

    @property
    def values(self) -> dict[str, object]:
        return {name: getattr(self.settings, name) for name in InstanceUpdate.model_fields}

    @property
    def settings(self) -> instance.InstanceSettings:
        return instance.effective(self.stored)


async def _current(session: AsyncSession) -> _Current:
    """Reads the settings without the bytes of the logo."""
    value = case((_rows.name == LOGO, _rows.value.op("-")("content")), else_=_rows.value).label("value")
    rows = (
        select(_rows.name, value, _rows.version, _rows.changed_at, _rows.changed_by_id, _editor)
        .select_from(InstanceSetting.__table__)
        .outerjoin(User.__table__, col(User.id) == _rows.changed_by_id)
        .order_by(_rows.changed_at)
    )
    current = _Current()
    for row in await session.execute(rows):
        if row.name == ADMINISTRATORS_SINCE:
            current.stored[row.name] = datetime.fromisoformat(row.value) if row.value else None
            continue
        current.version += row.version
        current.updated_at = row.changed_at
        current.changed_by, current.changed_by_id = row.editor or "", row.changed_by_id
        if row.name == "two_factor_required":
            current.stored["two_factor_since"] = row.changed_at
        current.stored[row.name] = row.value.get("hash", "") if row.name == LOGO else row.value
    return current


async def get_instance(session: AsyncSession, actor: Actor) -> InstanceRead:
    """Returns the effective settings. Raises Forbidden."""
    policy.require(actor)
    return _to_read(await _current(session))


def _to_read(current: _Current) -> InstanceRead:
    settings = current.settings
    return InstanceRead(
        **current.values,
        logo_url=settings.logo_url,
        two_factor_since=settings.two_factor_since,
        set_by_environment=instance.set_by_environment(),
        version=current.version,
        changed_by=current.changed_by,
        changed_by_id=current.changed_by_id,
        changed_at=current.updated_at,
    )


async def update_instance(
    session: AsyncSession, actor: Actor, data: InstanceUpdate, if_version: int | None = None
) -> InstanceRead:
    """Updates the given settings. Raises Forbidden, ReauthenticationRequired, Invalid for what the environment sets."""
    current = await _lock(session, actor)
    given = data.given()
    _refuse_read_only(given)
    _check_version(current, given, if_version)
    changed = {name: value for name, value in given.items() if current.values[name] != value}
    return await _store(session, actor, current, changed) if changed else _to_read(current)


def _check_version(current: _Current, given: Mapping[str, Any], if_version: int | None) -> None:
    """Raises Stale when someone has changed the settings since `if_version`."""
    if if_version not in (None, current.version):
        row = SimpleNamespace(
            version=current.version,
            updated_at=current.updated_at,
            changed_by=current.changed_by,
            changed_by_id=current.changed_by_id,
            _mapping=current.values,
        )
        check_version(cast("VersionedRow", row), given, if_version)


async def _lock(session: AsyncSession, actor: Actor) -> _Current:
    policy.require(actor)
    await require_recent_proof(session, actor)
    await lock(session, "instance_settings")
    return await _current(session)


def _refuse_read_only(given: Mapping[str, Any]) -> None:
    fixed = instance.set_by_environment()
    faults = [
        FieldError(f"/{name}", _("Set by {fixed} in the environment.", fixed=fixed[name]))
        for name in given
        if name in fixed
    ]
    if faults:
        raise Invalid(_("The environment sets this."), errors=faults)


async def _store(session: AsyncSession, actor: Actor, before: _Current, values: Mapping[str, Any]) -> InstanceRead:
    """Stores the values, emits the event, and lets this process read them before the response is sent."""
    about = {"changed_by_id": actor.user_id, "changed_at": func.clock_timestamp()}
    stored = {**values, **_administrators_since(before.settings, values)}
    put = insert(InstanceSetting.__table__).values([{"name": name, "value": v} | about for name, v in stored.items()])
    own = {"version": _rows.version + 1, "changed_by_id": actor.user_id, "changed_at": func.clock_timestamp()}
    await session.execute(put.on_conflict_do_update(index_elements=["name"], set_={"value": put.excluded.value} | own))
    after = await _current(session)
    changes = {"before": fields_of(before.settings, values), "after": fields_of(after.settings, values)}
    await emit(session, actor, InstanceSettingsChanged.of(after.settings.app_name, **changes))
    after_commit(session, refresh_or_log)
    return _to_read(after)


def _administrators_since(before: instance.InstanceSettings, values: Mapping[str, Any]) -> dict[str, str]:
    """Returns since when administrators must have a second factor: not later because others must have one, too."""
    required = values.get("two_factor_required")
    if required is None:
        return {}
    if required == "nobody":
        return {ADMINISTRATORS_SINCE: ""}
    was_required = before.two_factor_required != "nobody"
    since = (before.two_factor_administrators_since or before.two_factor_since) if was_required else None
    return {ADMINISTRATORS_SINCE: (since or datetime.now(UTC)).isoformat()}


async def put_logo(session: AsyncSession, actor: Actor, data: LogoUpdate) -> InstanceRead:
    """Replaces the logo by what its pixels show. Raises Invalid unless it is a PNG or WebP image of at most 64 KiB."""
    current = await _lock(session, actor)
    content = await _image(data.content)
    digest = pictures.hash_of(content)
    value = {"hash": digest, "media_type": pictures.MEDIA_TYPE, "content": base64.b64encode(content).decode()}
    if digest == current.settings.logo:
        return _to_read(current)
    return await _store(session, actor, current, {LOGO: value})


async def _image(text: str) -> bytes:
    try:
        content = base64.b64decode(text, validate=True)
    except binascii.Error:
        raise Invalid.at("content", _("This is not base64.")) from None
    if len(content) > MAX_LOGO:
        raise Invalid.at("content", _("Use an image of at most 64 kB."))
    try:
        return await asyncio.to_thread(pictures.emblem, content)
    except pictures.NotAPicture as fault:
        raise Invalid.at("content", str(fault)) from None


async def delete_logo(session: AsyncSession, actor: Actor) -> None:
    """Removes the logo. Raises NotFound without one."""
    current = await _lock(session, actor)
    if not current.settings.logo:
        raise NotFound
    await _store(session, actor, current, {LOGO: {}})


async def get_logo(session: AsyncSession) -> tuple[bytes, str, str]:
    """Returns the image, its media type and its hash, for everybody. Raises NotFound."""
    value = (await session.execute(select(_rows.value).where(_rows.name == LOGO))).scalar_one_or_none()
    if not value:
        raise NotFound
    return base64.b64decode(value["content"]), value["media_type"], value["hash"]


async def refresh() -> None:
    """Reads the settings into the copy of this process."""
    async with _refreshing, reading() as session:
        instance.keep((await _current(session)).stored)


async def refresh_or_log() -> None:
    """Reads the settings, or logs that it failed: then `keep_current` reads them later."""
    await read_or_log(TOPIC, refresh)


async def keep_current() -> None:
    """Reads the settings after each change, until cancelled."""
    await follow(TOPIC, refresh)
