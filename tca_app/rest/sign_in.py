"""What the routes share that sign a browser in: the rate limit per address, and the cookies."""

from typing import Annotated

from fastapi import Depends, Response

from tca_app.config.settings import get_settings
from tca_app.core.instance import instance_settings
from tca_app.core.security.rate_limits import get_limits
from tca_app.core.security.tokens import cookie_name
from tca_app.features.auth.service import Client, SignIn
from tca_app.rest.dependencies import FromClient

DEVICE_DAYS = 180


async def _limited(client: FromClient) -> Client:
    """Applies the rate limit that sign-in, setup, refresh and the links of mails share per IP address."""
    await get_limits().refuse_excess("login", client.ip)
    return client


LimitedClient = Annotated[Client, Depends(_limited)]


def set_cookies(response: Response, done: SignIn) -> Response:
    """Return the response with the cookies of a new browser session."""
    settings = get_settings()
    for name, value, days in (
        (cookie_name(), done.cookie, instance_settings().session_days),
        (cookie_name("device"), done.device, DEVICE_DAYS),
    ):
        response.set_cookie(
            name, value, max_age=days * 86400, httponly=True, samesite="lax", secure=settings.secure_cookies
        )
    return response
