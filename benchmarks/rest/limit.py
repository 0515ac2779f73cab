"""The physical limit: an ASGI application that does the same queries with nothing in between.

No router, no validation, no ORM: prepared statements, a signature check and orjson. Each authenticated call verifies
the token and reads the current user by primary key, then runs the queries of its endpoint. It reads LIMIT_DSN.
"""

import asyncio
import base64
import hmac
import os
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID, uuid4

import argon2
import asyncpg
import orjson

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

SECRET = b"limit-benchmark-secret"
CONNECTIONS = 8
JSON = (b"content-type", b"application/json")
# id::text, because orjson does not serialise the UUID subclass of asyncpg. The casts are outside the LIMIT: inside,
# PostgreSQL would cast all rows before it sorts them.
USER = "id::text AS id, email, is_active, is_superuser, full_name, created_at"
ITEM = "id::text AS id, owner_id::text AS owner_id, title, description, created_at"
STATEMENTS = {
    "user": f'SELECT {USER} FROM "user" WHERE id = $1',
    "login": 'SELECT id, hashed_password FROM "user" WHERE email = $1',
    "count_users": 'SELECT count(*) FROM "user"',
    "list_users": f'SELECT {USER} FROM (SELECT * FROM "user" ORDER BY created_at DESC LIMIT $2 OFFSET $1) page',
    "count_items": "SELECT count(*) FROM item",
    "list_items": f"SELECT {ITEM} FROM (SELECT * FROM item ORDER BY created_at DESC LIMIT $2 OFFSET $1) page",
    "insert_item": "INSERT INTO item (id, title, description, owner_id, created_at) VALUES ($1, $2, $3, $4, now()) "
    f"RETURNING {ITEM}",
}
_hasher = argon2.PasswordHasher()


class Pool:
    """Connections with their statements prepared once, and no reset when they are released."""

    async def open(self) -> None:
        self.free: asyncio.LifoQueue[dict[str, Any]] = asyncio.LifoQueue()
        for _ in range(CONNECTIONS):
            connection = await asyncpg.connect(os.environ["LIMIT_DSN"])
            prepared = {name: await connection.prepare(statement) for name, statement in STATEMENTS.items()}
            self.free.put_nowait(prepared | {"connection": connection})


_pool = Pool()


def _base64(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def _sign(subject: str) -> bytes:
    claims = _base64(orjson.dumps({"exp": int(time.time()) + 86_400, "sub": subject}))
    signed = _base64(b'{"alg":"HS256","typ":"JWT"}') + b"." + claims
    return signed + b"." + _base64(hmac.digest(SECRET, signed, "sha256"))


def _verify(headers: list[tuple[bytes, bytes]]) -> UUID | None:
    """Return the user id of the bearer token."""
    token = next((value[7:] for name, value in headers if name == b"authorization"), b"")
    signed, _, signature = token.rpartition(b".")
    if not hmac.compare_digest(_base64(hmac.digest(SECRET, signed, "sha256")), signature):
        return None
    claims = signed.split(b".")[1]
    read = orjson.loads(base64.urlsafe_b64decode(claims + b"=" * (-len(claims) % 4)))
    return UUID(read["sub"]) if read["exp"] > time.time() else None


async def _respond(send: Send, body: bytes, status: int = 200) -> None:
    headers = [JSON, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _read(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return body


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            await _pool.open()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def _login(receive: Receive, send: Send) -> None:
    form = dict(parse_qsl((await _read(receive)).decode()))
    statements = await _pool.free.get()
    try:
        row = await statements["login"].fetchrow(form["username"])
    finally:
        _pool.free.put_nowait(statements)
    await asyncio.get_running_loop().run_in_executor(None, _hasher.verify, row["hashed_password"], form["password"])
    await _respond(send, orjson.dumps({"access_token": _sign(str(row["id"])).decode()}))


async def _endpoint(scope: Scope, statements: dict[str, Any], user: dict[str, Any], body: bytes) -> Any:
    path = scope["path"]
    if path == "/users/me":
        return user
    if path.startswith("/users/"):
        return dict(await statements["user"].fetchrow(UUID(path[7:])))
    if body:
        item = orjson.loads(body)
        values = (uuid4(), item["title"], item["description"], UUID(user["id"]))
        return dict(await statements["insert_item"].fetchrow(*values))
    query = dict(parse_qsl(scope["query_string"].decode()))
    rows = path[1:]
    count = await statements[f"count_{rows}"].fetchval()
    page = await statements[f"list_{rows}"].fetch(int(query["skip"]), int(query["limit"]))
    return {"data": [dict(row) for row in page], "count": count}


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        return await _lifespan(receive, send)
    if scope["path"] == "/health":
        return await _respond(send, b'{"status":"ok"}')
    if scope["path"] == "/login":
        return await _login(receive, send)
    user_id = _verify(scope["headers"])
    if user_id is None:
        return await _respond(send, b'{"detail":"no"}', 403)
    body = await _read(receive) if scope["method"] == "POST" else b""
    statements = await _pool.free.get()
    try:
        user = await statements["user"].fetchrow(user_id)
        if user is None or not user["is_active"]:
            return await _respond(send, b'{"detail":"no"}', 403)
        content = await _endpoint(scope, statements, dict(user), body)
    finally:
        _pool.free.put_nowait(statements)
    return await _respond(send, orjson.dumps(content))
