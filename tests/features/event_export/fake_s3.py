"""A store on loopback that speaks as much of S3 as a PUT needs, and verifies signature and checksum (SigV4)."""

import asyncio
import base64
import hashlib
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

KEY_ID, SECRET, REGION = "AKIDEXAMPLE", "a/secret+key", "eu-central-1"


@dataclass
class FakeS3:
    """Its objects by path. `answer` is the status of every request, if it is not 0."""

    objects: dict[str, bytes] = field(default_factory=dict)
    types: set[str] = field(default_factory=set)
    answer: int = 0
    damages: bool = False
    port: int = 0

    @property
    def target(self) -> str:
        return f"s3+http://127.0.0.1:{self.port}/audit/console/log?region={REGION}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        method, path, _ = head[0].split(" ")
        pairs = (line.split(":", 1) for line in head[1:] if line)
        headers = {name.lower(): value.strip() for name, value in pairs}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        if self.damages:
            body = body[:-1] + b"?"
        status = self.answer or self._put(method, path, headers, body)
        writer.write(f'HTTP/1.1 {status} x\r\nETag: "x"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'.encode())
        await writer.drain()
        writer.close()

    def _put(self, method: str, path: str, headers: dict[str, str], body: bytes) -> int:
        digest = hashlib.sha256(body)
        is_whole = headers["x-amz-checksum-sha256"] == base64.b64encode(digest.digest()).decode()
        if not is_whole or headers["x-amz-content-sha256"] != digest.hexdigest():
            return 400
        if headers["authorization"] != _signed(method, path, headers, digest.hexdigest()):
            return 403
        self.objects[unquote(path)] = body
        self.types.add(headers["content-type"])
        return 200


def _signed(method: str, path: str, headers: dict[str, str], digest: str) -> str:
    """The header Authorization that the owner of the key writes."""
    names = headers["authorization"].split("SignedHeaders=")[1].split(",")[0]
    assert {"host", "x-amz-checksum-sha256", "x-amz-content-sha256", "x-amz-date"} <= set(names.split(";"))
    canonical = "\n".join(
        (
            method,
            quote(unquote(path)),
            "",
            *(f"{name}:{' '.join(headers[name].split())}" for name in names.split(";")),
            "",
            names,
            digest,
        )
    )
    at = headers["x-amz-date"]
    scope = f"{at[:8]}/{REGION}/s3/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{at}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = f"AWS4{SECRET}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    return f"AWS4-HMAC-SHA256 Credential={KEY_ID}/{scope}, SignedHeaders={names}, Signature={signature}"


@asynccontextmanager
async def storing() -> AsyncIterator[FakeS3]:
    store = FakeS3()
    server = await asyncio.start_server(store.serve, "127.0.0.1", 0)
    store.port = server.sockets[0].getsockname()[1]
    async with server:
        yield store
