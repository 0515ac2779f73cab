"""Who watches the console from outside: Prometheus with METRICS_TOKEN, and superusers."""

from fastapi import Request

from tca_app.config.settings import get_settings
from tca_app.core.actor import Actor
from tca_app.core.errors import AppError
from tca_app.core.security.tokens import same
from tca_app.rest.dependencies import SignedIn

_actor = SignedIn("actor")


def has_metrics_token(request: Request) -> bool:
    """Whether the call carries METRICS_TOKEN, as Prometheus does."""
    kind, _, given = request.headers.get("authorization", "").partition(" ")
    wanted = get_settings().metrics_token.get_secret_value()
    return bool(wanted) and kind.lower() == "bearer" and same(given, wanted)


async def may_watch(request: Request) -> bool:
    """Whether the caller may read details of the console's health. A bad token is a stranger's, never a refusal: a
    monitor with an old one must still learn the status."""
    if not request.headers.get("authorization"):
        return False
    if has_metrics_token(request):
        return True
    try:
        actor: Actor = await _actor(request)
    except AppError:
        return False
    return actor.is_superuser
