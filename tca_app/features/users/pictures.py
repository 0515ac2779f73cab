"""Service functions for the pictures of people, and what keeps the hashes of this process current (`core.pictures`)."""

import asyncio
import base64
import binascii

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core import pictures
from tca_app.core.actor import Actor
from tca_app.core.cache.follow import follow, read_or_log
from tca_app.core.database.session import after_commit, reading
from tca_app.core.errors import Invalid, NotFound
from tca_app.core.events.log import emit
from tca_app.core.language.messages import _
from tca_app.features.users import events, policy
from tca_app.features.users.queries import get_user
from tca_app.features.users.schemas import PictureRead, PictureUpdate, UserRead
from tca_app.models import UserPicture

TOPIC = "pictures"
MAX_DECODING = 2  # images that are decoded at the same time
_pictures = UserPicture.__table__.c
_refreshing = asyncio.Lock()  # so that of two reads the later one counts
_decoding = asyncio.Semaphore(MAX_DECODING)


async def put_picture(session: AsyncSession, actor: Actor, data: PictureUpdate) -> PictureRead:
    """Replaces your own picture. Raises Invalid unless the content is a PNG, JPEG or WebP image of a usual size."""
    policy.require(actor, "users.set_picture", actor.user_id)
    content = await _portrait(data.content)  # before the first read, so that decoding holds no connection
    user = await get_user(session, actor, actor.user_id)
    digest = pictures.hash_of(content)
    put = insert(UserPicture.__table__).values(user_id=user.id, hash=digest, content=content)
    changed = {"hash": digest, "content": content, "changed_at": func.clock_timestamp()}
    written = await session.execute(
        put.on_conflict_do_update(index_elements=["user_id"], set_=changed, where=_pictures.hash != digest).returning(
            _pictures.user_id
        )
    )
    if written.first() is not None:
        await emit(session, actor, events.UserPictureChanged.of(user))
        after_commit(session, refresh_or_log)
    return PictureRead(url=f"/api/v1/users/{user.id}/picture?v={digest}")


async def _portrait(text: str) -> bytes:
    try:
        content = base64.b64decode(text, validate=True)
    except binascii.Error:
        raise Invalid.at("content", _("This is not base64.")) from None
    try:
        async with _decoding:
            return await asyncio.to_thread(pictures.portrait, content)
    except pictures.NotAPicture as fault:
        raise Invalid.at("content", str(fault)) from None


async def delete_picture(session: AsyncSession, actor: Actor, user_id: int) -> UserRead:
    """Removes the picture of a user: your own, or that of anybody for administrators. Raises NotFound without one."""
    policy.require(actor, "users.remove_picture", user_id)
    user = await get_user(session, actor, user_id)
    gone = UserPicture.__table__.delete().where(_pictures.user_id == user_id).returning(_pictures.user_id)
    if (await session.execute(gone)).first() is None:
        raise NotFound
    await emit(session, actor, events.UserPictureRemoved.of(user))
    after_commit(session, refresh_or_log)
    return user


async def get_picture(session: AsyncSession, actor: Actor, user_id: int) -> tuple[bytes, str]:
    """Returns the image and its hash, for everybody who may see the names of users. Raises NotFound."""
    policy.require(actor, "users.read_picture")
    row = (await session.execute(select(_pictures.content, _pictures.hash).where(_pictures.user_id == user_id))).first()
    if row is None:
        raise NotFound
    return row.content, row.hash


async def refresh() -> None:
    """Reads the hashes of all pictures into this process."""
    async with _refreshing, reading() as session:
        found = await session.execute(select(_pictures.user_id, _pictures.hash))
        pictures.replace_hashes({row.user_id: row.hash for row in found})


async def refresh_or_log() -> None:
    await read_or_log(TOPIC, refresh)


async def keep_current() -> None:
    """Reads the hashes after each change, until cancelled."""
    await follow(TOPIC, refresh)
