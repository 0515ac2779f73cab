"""What the calls that sign someone in share: the rate limit, the cookies of a browser and the tokens of a script."""

from typing import Annotated

from fastapi import Depends, Request, Response

from tca_app.config.settings import get_settings
from tca_app.core.errors import NotSignedIn
from tca_app.core.instance import instance_settings
from tca_app.core.language.choice import COOKIE as LANGUAGE, COOKIE_DAYS as LANGUAGE_DAYS
from tca_app.core.security.rate_limits import get_limits
from tca_app.core.security.tokens import cookie_in, cookie_name
from tca_app.features.auth.second_factor import CHALLENGE_TTL, COOKIE, SecondFactorRequired
from tca_app.features.auth.service import Client, SignIn
from tca_app.rest.dependencies import FromClient
from tca_app.rest.problems import MEDIA_TYPE, problem_of
from tca_app.rest.responses import json_response

DEVICE_DAYS = 180


async def _limited(client: FromClient) -> Client:
    """Applies the rate limit that sign-in, setup, refresh and the links of mails share per IP address."""
    await get_limits().refuse_excess("login", client.ip)
    return client


LimitedClient = Annotated[Client, Depends(_limited)]


def set_cookies(response: Response, done: SignIn) -> Response:
    """Return the response with the cookies of a new browser session."""
    _set_cookie(response, "sid", done.cookie, instance_settings().session_days * 86400)
    _set_cookie(response, "device", done.device, DEVICE_DAYS * 86400)
    if done.language:  # a script of the page reads and writes this one
        secure = get_settings().secure_cookies
        response.set_cookie(LANGUAGE, done.language, max_age=LANGUAGE_DAYS * 86400, samesite="lax", secure=secure)
    return response


def browser_response(done: SignIn) -> Response:
    """The response to a browser that signed in: cookies that its scripts cannot read, and no token."""
    return set_cookies(Response(status_code=204), done)


def script_response(done: SignIn) -> Response:
    if done.answer is None:
        raise NotSignedIn
    return json_response(done.answer.model_dump_json().encode())


def browser_challenge(refused: SecondFactorRequired) -> Response:
    """The response to a browser whose password is right and not enough: the challenge is a cookie."""
    shown = SecondFactorRequired(methods=refused.methods)
    response = Response(problem_of(shown), shown.status, shown.headers, media_type=MEDIA_TYPE)
    return set_challenge(response, refused.challenge)


def set_challenge(response: Response, challenge: str, cookie: str = COOKIE) -> Response:
    _set_cookie(response, cookie, challenge, int(CHALLENGE_TTL.total_seconds()))
    return response


def challenge_of(request: Request, cookie: str = COOKIE) -> str:
    """Returns the challenge of the browser, or ""."""
    return cookie_in(request.headers.get("cookie", ""), cookie_name(cookie))


def drop_challenge(response: Response, cookie: str = COOKIE) -> Response:
    _set_cookie(response, cookie, "", 0)
    return response


def _set_cookie(response: Response, name: str, value: str, max_age: int) -> None:
    secure = get_settings().secure_cookies
    response.set_cookie(cookie_name(name), value, max_age=max_age, httponly=True, samesite="lax", secure=secure)
