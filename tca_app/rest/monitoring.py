"""Access of monitoring: Prometheus with METRICS_TOKEN, and superusers."""

from fastapi import Request

from tca_app.config.settings import get_settings
from tca_app.core.errors import AppError
from tca_app.core.security.tokens import same
from tca_app.rest.dependencies import SignedIn

_actor = SignedIn()


def has_metrics_token(request: Request) -> bool:
    """Return True if the request carries METRICS_TOKEN, as Prometheus does."""
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    expected = get_settings().metrics_token.get_secret_value()
    return bool(expected) and kind.lower() == "bearer" and same(token, expected)


async def may_watch(request: Request) -> bool:
    """Return True if the caller may read details of the console's health.

    An invalid token counts as anonymous and is not refused, so that a monitor with an old token still gets the status.
    """
    if not request.headers.get("authorization"):
        return False
    if has_metrics_token(request):
        return True
    try:
        actor = await _actor(request)
    except AppError:
        return False
    return actor.is_superuser
