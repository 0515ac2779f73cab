"""An OpenID Connect provider and GitHub, on loopback, that do what a test tells them to."""

import asyncio
import hmac
import json
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from time import time
from typing import Any, Self
from urllib.parse import parse_qs, urlencode, urlsplit

from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

CLIENT_ID, CLIENT_SECRET = "console", "canary-client-words"
KEYS = [RSAKey.generate_key(2048, {"kid": kid, "use": "sig"}) for kid in ("one", "two")]


def _base64(data: bytes) -> bytes:
    return urlsafe_b64encode(data).rstrip(b"=")


@dataclass
class Code:
    """A code that was given out: what the browser asked for, and the claims of the person who signed in."""

    challenge: str
    redirect_uri: str
    claims: dict[str, Any]


@dataclass
class FakeProvider:
    """Signs in `person`. `claims`, `header` and `key` change the next ID tokens."""

    person: dict[str, Any] = field(default_factory=lambda: dict(ANA))
    claims: dict[str, Any] = field(default_factory=dict)
    without: set[str] = field(default_factory=set)
    header: dict[str, Any] = field(default_factory=lambda: {"alg": "RS256", "kid": "one"})
    key: Any = field(default_factory=lambda: KEYS[0])
    published: list[RSAKey | ECKey] = field(default_factory=lambda: [KEYS[0]])
    userinfo: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    github: dict[str, tuple[int, Any]] = field(default_factory=dict)
    got: list[str] = field(default_factory=list)
    codes: dict[str, Code] = field(default_factory=dict)
    status: int = 200
    url: str = ""
    _server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()

    def sign_in(self, location: str) -> str:
        """What the provider does when the person agrees: returns the code for this authorization request."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
        code = secrets.token_urlsafe(12)
        now = int(time())
        claims = {"iss": self.url, "aud": CLIENT_ID, "iat": now, "exp": now + 300, "nonce": asked.get("nonce")}
        claims |= {"auth_time": now} if "max_age" in asked else {}
        self.codes[code] = Code(asked["code_challenge"], asked["redirect_uri"], claims | self.person)
        return code

    def _way_back(self, location: str) -> str:
        """Where a browser goes from the page that asks; here nobody is asked."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
        return f"{asked['redirect_uri']}?{urlencode({'state': asked['state'], 'code': self.sign_in(location)})}"

    def id_token(self, claims: dict[str, Any]) -> str:
        claims = {name: value for name, value in (claims | self.claims).items() if name not in self.without}
        if self.header["alg"] in ("none", "HS256"):  # libraries refuse to make these
            text = b".".join(_base64(json.dumps(part).encode()) for part in (self.header, claims))
            signed = _base64(hmac.digest(self.key, text, "sha256")) if self.key else b""
            return (text + b"." + signed).decode()
        return jwt.encode(self.header, claims, self.key, algorithms=[self.header["alg"]])

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            method, path, _ = (await reader.readline()).decode().split(" ", 2)
            headers = {}
            while (line := await reader.readline()) not in (b"\r\n", b""):
                name, _, value = line.decode().partition(":")
                headers[name.strip().lower()] = value.strip()
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            self.got.append(path)
            status, answer = self._answer(method, path, headers, body.decode())
            text = json.dumps(answer).encode()
            extra = f"Location: {self._way_back(path)}\r\n" if path.startswith("/authorize?") else ""
            status = 302 if extra else status
            head = f"HTTP/1.1 {status} X\r\n{extra}Content-Length: {len(text)}\r\nConnection: close\r\n\r\n"
            writer.write(head.encode() + text)
            await writer.drain()
        finally:
            writer.close()

    def _answer(self, method: str, path: str, headers: dict[str, str], body: str) -> tuple[int, Any]:
        if self.status != 200:
            return self.status, {}
        if path in self.github:
            return self.github[path]
        if path == "/.well-known/openid-configuration":
            return 200, self._metadata()
        if path == "/keys":
            return 200, {"keys": [key.as_dict(private=False) for key in self.published]}
        if path == "/userinfo":
            return 200, self.userinfo or {"sub": self.person["sub"]}
        if (method, path) == ("POST", "/token"):
            return self._token({name: values[0] for name, values in parse_qs(body).items()}, headers)
        return 404, {}

    def _metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "userinfo_endpoint": f"{self.url}/userinfo",
        } | self.metadata

    def _token(self, form: dict[str, str], headers: dict[str, str]) -> tuple[int, Any]:
        """Redeems a code once, for the verifier of its challenge and for the client with its secret."""
        code = self.codes.pop(form.get("code", ""), None)
        is_client = headers.get("authorization", "").startswith("Basic ") or form.get("client_secret") == CLIENT_SECRET
        if code is None or not is_client or form.get("redirect_uri") != code.redirect_uri:
            return 400, {"error": "invalid_grant"}
        if create_s256_code_challenge(form.get("code_verifier", "")) != code.challenge:
            return 400, {"error": "invalid_grant"}
        return 200, {"access_token": "at-1", "token_type": "Bearer", "id_token": self.id_token(code.claims)}


ANA: dict[str, Any] = {
    "sub": "s-1",
    "email": "ana@example.com",
    "email_verified": True,
    "preferred_username": "ana",
    "name": "Ana Lopez",
}
PUBLIC_KEY = KEYS[0].as_pem(private=False)
