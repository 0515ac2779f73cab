"""Sign-in with GitHub (OAuth 2.0). GitHub issues no ID token: its API says who the access token belongs to."""

from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from tca_app.config.settings import get_settings
from tca_app.core.outgoing.openid import Json, ProviderError, call, read_json, read_object
from tca_app.features.auth.oauth.identity import Flow, Person, SignInRefused

ISSUER = "https://github.com"
AUTHORIZE = f"{ISSUER}/login/oauth/authorize"
TOKEN = f"{ISSUER}/login/oauth/access_token"
API = "https://api.github.com"
LABEL = "GitHub"


async def authorization_url(flow: Flow) -> str:
    """Returns the page of GitHub that asks the person."""
    settings = get_settings()
    scope = "read:user user:email" + (" read:org" if settings.github_allowed_orgs else "")
    url: str = prepare_grant_uri(
        AUTHORIZE,
        settings.github_client_id,
        "code",
        redirect_uri=flow.redirect_uri,
        scope=scope,
        state=flow.state,
        code_challenge=create_s256_code_challenge(flow.verifier),
        code_challenge_method="S256",
        prompt="select_account" if flow.intent != "sign_in" else None,
    )
    return url


async def person_of(flow: Flow, code: str) -> Person:
    """Returns who signed in. Raises SignInRefused, ProviderUnavailable, ProviderError."""
    headers = {"Authorization": f"Bearer {await _access_token(flow, code)}", "X-GitHub-Api-Version": "2022-11-28"}
    user = read_object(await call("GET", f"{API}/user", headers=headers))
    number, login = user.get("id"), user.get("login")
    if not isinstance(number, int) or isinstance(number, bool) or not isinstance(login, str):
        raise ProviderError("GitHub's answer has no id or login")
    await _require_membership(headers)
    emails = read_json(await call("GET", f"{API}/user/emails", headers=headers))
    return Person(
        provider="github",
        issuer=ISSUER,
        subject=str(number),
        name=login[:100],
        email=_primary_email(emails),
        username=login,
        full_name=str(user.get("name") or ""),
    )


async def _access_token(flow: Flow, code: str) -> str:
    settings = get_settings()
    body: str = prepare_token_request(
        "authorization_code",
        redirect_uri=flow.redirect_uri,
        code=code,
        code_verifier=flow.verifier,
        client_id=settings.github_client_id,
        client_secret=settings.github_client_secret.get_secret_value(),
    )
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer: Json = read_object(await call("POST", TOKEN, content=body.encode(), headers=headers))
    token = answer.get("access_token")
    if not isinstance(token, str) or not token.isascii() or not token.isprintable():
        raise ProviderError("GitHub refused the code")  # its status is 200 all the same
    return token


async def _require_membership(headers: dict[str, str]) -> None:
    """Raises SignInRefused unless the person is an active member of an allowed organization, if any are named."""
    allowed = get_settings().github_allowed_orgs
    for organization in allowed:
        answer = await call("GET", f"{API}/user/memberships/orgs/{organization}", headers=headers)
        if answer.status == 200 and read_object(answer).get("state") == "active":
            return
    if allowed:
        raise SignInRefused("not_a_member")


def _primary_email(emails: object) -> str:
    """Returns the primary address if GitHub verified it, else ""."""
    rows = [row for row in emails if isinstance(row, dict)] if isinstance(emails, list) else []
    found = (row.get("email") for row in rows if row.get("primary") is True and row.get("verified") is True)
    email = next(found, "")
    return email if isinstance(email, str) else ""
