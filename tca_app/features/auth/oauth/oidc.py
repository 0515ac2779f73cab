"""Sign-in at any OpenID Connect provider: discovery, the code flow with PKCE, and the checks of the ID token."""

from datetime import UTC, datetime
from time import time
from typing import Any
from urllib.parse import urlsplit

from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc.errors import JoseError

from tca_app.config.settings import get_settings
from tca_app.core.outgoing.openid import Issuer, Json, ProviderError, call, get_issuer, read_object
from tca_app.features.auth.oauth.identity import Flow, Person, SignInRefused

LEEWAY_S = 60
MAX_AGE_S = 600  # of an ID token, and of the sign-in that proves again who somebody is
SCOPE = "openid profile email"


def issuer() -> Issuer:
    """Returns the configured provider. Its own host may be in a private network, because the settings name it."""
    url = get_settings().oidc_issuer
    parts = urlsplit(url)
    return get_issuer(url, f"{parts.hostname}:{parts.port or 443}")


async def authorization_url(flow: Flow) -> str:
    """Returns the page of the provider that asks the person."""
    again = {"prompt": "login", "max_age": "0"} if flow.intent == "reauthenticate" else {}
    url: str = prepare_grant_uri(
        await issuer().endpoint("authorization_endpoint"),
        get_settings().oidc_client_id,
        "code",
        redirect_uri=flow.redirect_uri,
        scope=SCOPE,
        state=flow.state,
        nonce=flow.nonce,
        code_challenge=create_s256_code_challenge(flow.verifier),
        code_challenge_method="S256",
        **again,
    )
    if not url.startswith(("https://", "http://")):
        raise ProviderError("the authorization endpoint is no URL")
    return url


async def person_of(flow: Flow, code: str) -> Person:
    """Returns who signed in. Raises SignInRefused, ProviderUnavailable, ProviderError."""
    tokens = await _tokens(flow, code)
    claims = await _checked_claims(flow, tokens)
    claims = await _with_userinfo(claims, tokens)
    subject = claims["sub"]
    if not isinstance(subject, str) or not 0 < len(subject) <= 255:
        raise ProviderError("the ID token has no subject")
    is_verified = claims.get("email_verified") is True or claims.get("email_verified") == "true"
    email, username = _text(claims, "email"), _text(claims, "preferred_username")
    return Person(
        provider="oidc",
        issuer=get_settings().oidc_issuer,
        subject=subject,
        name=(email or username or subject)[:100],
        email=email if is_verified else "",
        username=username or _text(claims, "nickname") or email,
        full_name=_text(claims, "name"),
        is_admin=_is_admin(claims),
        signed_in_at=_signed_in_at(claims),
    )


async def _tokens(flow: Flow, code: str) -> Json:
    body: Any = prepare_token_request(
        "authorization_code", redirect_uri=flow.redirect_uri, code=code, code_verifier=flow.verifier
    )
    url = await issuer().endpoint("token_endpoint")
    headers: dict[str, str] = {"Content-Type": "application/x-www-form-urlencoded"}
    settings = get_settings()
    secret = settings.oidc_client_secret.get_secret_value()
    auth = ClientAuth(settings.oidc_client_id, secret, await _auth_method() if secret else "none")
    url, headers, body = auth.prepare("POST", url, headers, body)
    answer = await call(
        "POST", url, content=str(body).encode(), headers=headers, operators_host=issuer().operators_host
    )
    return read_object(answer)


async def _auth_method() -> str:
    """Returns how the client proves itself; the default of the specification is the Authorization header."""
    offered = (await issuer().metadata()).get("token_endpoint_auth_methods_supported")
    if isinstance(offered, list) and "client_secret_basic" not in offered and "client_secret_post" in offered:
        return "client_secret_post"
    return "client_secret_basic"


async def _checked_claims(flow: Flow, tokens: Json) -> Json:
    """Checks the ID token: signature, issuer, audience, authorized party, times, nonce, and the access token's hash."""
    header, claims = await issuer().verified(tokens.get("id_token", ""))
    client_id = get_settings().oidc_client_id
    checked = CodeIDToken(
        claims,
        header,
        options={
            "iss": {"essential": True, "value": get_settings().oidc_issuer},
            "aud": {"essential": True, "value": client_id},
        },
        params={"nonce": flow.nonce, "client_id": client_id, "access_token": tokens.get("access_token")},
    )
    try:
        checked.validate(now=int(time()), leeway=LEEWAY_S)
    except (JoseError, ValueError, TypeError, AttributeError) as error:
        raise ProviderError(f"the ID token is refused ({error})") from None
    if claims["iat"] < time() - MAX_AGE_S:
        raise ProviderError("the ID token is too old")
    if flow.intent == "reauthenticate":
        signed_in_at = claims.get("auth_time")
        if not isinstance(signed_in_at, int | float) or signed_in_at < time() - MAX_AGE_S:
            raise SignInRefused("not_proven")
    return claims


async def _with_userinfo(claims: Json, tokens: Json) -> Json:
    """Adds what the provider tells only at its userinfo endpoint. What the ID token says, counts."""
    wanted = {"email", "email_verified", "preferred_username", "name", _admin_claim()[0]} - {""}
    url, token = (await issuer().metadata()).get("userinfo_endpoint"), tokens.get("access_token")
    if wanted <= claims.keys() or not isinstance(url, str) or not isinstance(token, str) or not token.isascii():
        return claims
    more = await issuer().get(url, {"Authorization": f"Bearer {token}"})
    if more.get("sub") != claims["sub"]:
        raise ProviderError("the userinfo is about somebody else")
    # The address and whether it is verified belong together, so both come from one place.
    pair = {"email", "email_verified"}
    return more | {name: value for name, value in claims.items() if name not in pair or pair <= claims.keys()}


def _signed_in_at(claims: Json) -> datetime | None:
    found = claims.get("auth_time")
    return datetime.fromtimestamp(max(0, min(found, time())), UTC) if isinstance(found, int | float) else None


def _admin_claim() -> tuple[str, str]:
    name, _, wanted = get_settings().oidc_admin_claim.partition("=")
    return name, wanted


def _is_admin(claims: Json) -> bool | None:
    name, wanted = _admin_claim()
    if not name:
        return None
    found = claims.get(name)
    values = found if isinstance(found, list) else [found]
    return any(isinstance(value, str) and value == wanted for value in values)


def _text(claims: Json, name: str) -> str:
    found = claims.get(name)
    return found if isinstance(found, str) else ""
