"""The pages by which strangers subscribe to the public status page, confirm it, and unsubscribe. They need no script.

A GET changes nothing, because mail programs and scanners open links. The pages say the same for every address.
"""

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Form, Query, Response

from tca_app.core.errors import TooManyRequests
from tca_app.core.language.messages import N_
from tca_app.core.language.visitor import Visitor
from tca_app.core.security.rate_limits import get_limits
from tca_app.features.auth.service import Client
from tca_app.features.health.public_page.feed import PAGE
from tca_app.features.health.public_page.page import CSP, render
from tca_app.features.subscribers import policy, service
from tca_app.features.subscribers.schemas import MAX_TOKEN, ConfirmationForm, SubscriptionForm, address_of
from tca_app.rest.dependencies import FromClient, Writing
from tca_app.rest.problems import problems
from tca_app.rest.routing import console_router
from tca_app.rest.visitors import FromVisitor, in_language

router = console_router("/status/public", "health", "session")
HTML = "text/html; charset=utf-8"
INVALID = N_("Enter an email address, such as ana@example.com.")
_PAGE: dict[str, Any] = {"text/html": {"schema": {"type": "string"}}}
_OK: dict[int | str, dict[str, Any]] = {200: {"description": "The page.", "content": _PAGE}}
Token = Annotated[str, Query(max_length=MAX_TOKEN, description="The token of the link in the mail.")]


def _refused(*codes: int) -> dict[int | str, dict[str, Any]]:
    """Return the refusals of a route for the OpenAPI document: a page, or a problem for what no browser sends."""
    return {code: problem | {"content": problem["content"] | _PAGE} for code, problem in problems(*codes).items()}


@router.post("/subscribe", response_class=Response, responses=_OK | _refused(400, 429) | problems(403, 404))
async def subscribe_to_status(
    data: Annotated[SubscriptionForm, Form()], client: FromClient, visitor: FromVisitor, session: Writing
) -> Response:
    """Mail a link that subscribes the address, unless it is subscribed. The response never says which."""
    policy.require_offered()
    email = address_of(data.email)
    if email is None:
        return _page(visitor, "subscribe.html", 400, email=data.email, error=INVALID)
    try:
        with visitor.addressed():
            await _limit(client)
    except TooManyRequests as error:
        title = N_("Too many attempts")
        return _page(visitor, "message.html", 429, headers=error.headers, title=title, text=error.detail)
    if await _may_mail(email):
        await service.request_subscription(session, email, visitor.language)
    text = N_("If the address is not subscribed yet, a link is on its way to it. Open it within 24 hours to confirm.")
    return _page(visitor, "message.html", title=N_("Check your mail"), text=text)


async def _limit(client: Client) -> None:
    """The limit of sign-in holds for every call that sends a mail; the others bound how many mails there can be."""
    limits = get_limits()
    await limits.refuse_excess("login", client.ip)
    await limits.refuse_excess("subscriptions", client.ip)
    await limits.refuse_excess("all_subscriptions", "")


async def _may_mail(email: str) -> bool:
    """Return whether the address may get another mail. Nobody learns how many it got."""
    try:
        await get_limits().refuse_mail(email, "subscribed_address")
    except TooManyRequests:
        return False
    return True


@router.get("/confirm", response_class=Response, responses=_OK | problems(404))
async def read_confirmation(visitor: FromVisitor, token: Token = "") -> Response:
    """Read the page that the link of a mail opens. Its button subscribes the address."""
    policy.require_offered()
    return _page(visitor, "confirm.html", here=_with_token("confirm", token), token=token)


@router.post("/confirm", response_class=Response, responses=_OK | _refused(410) | problems(403, 404))
async def confirm_subscription(
    data: Annotated[ConfirmationForm, Form()], client: FromClient, visitor: FromVisitor, session: Writing
) -> Response:
    """Subscribe the address of the link, which works once. 410 when it was used or is older than 24 hours."""
    await get_limits().refuse_excess("api", f"address:{client.ip}")
    try:
        with visitor.addressed():
            await service.confirm(session, data.token, visitor.language)
    except service.ConfirmationExpired as error:
        return _page(visitor, "message.html", 410, title=N_("This link has expired"), text=error.detail)
    text = N_("You get a mail when an incident begins, is updated or is resolved. Each mail has a link to unsubscribe.")
    return _page(visitor, "message.html", title=N_("You are subscribed"), text=text)


@router.get("/unsubscribe", response_class=Response, responses=_OK)
async def read_unsubscription(visitor: FromVisitor, token: Token = "") -> Response:
    """Read the page that the link of a mail opens. Its button unsubscribes the address."""
    return _page(visitor, "unsubscribe.html", here=_with_token("unsubscribe", token), token=token)


@router.post("/unsubscribe", response_class=Response, responses=_OK)
async def unsubscribe_from_status(
    client: FromClient, visitor: FromVisitor, session: Writing, token: Token = ""
) -> Response:
    """Unsubscribe the address of the link. Mail programs do it in one click (RFC 8058), so the body is not read."""
    await get_limits().refuse_excess("api", f"address:{client.ip}")
    await service.unsubscribe(session, token)
    text = N_("You get no more mails about incidents.")
    return _page(visitor, "message.html", title=N_("You are unsubscribed"), text=text)


def _with_token(page: str, token: str) -> str:
    return f"{router.prefix}/{page}?token={quote(token)}"


def _page(
    visitor: Visitor,
    name: str,
    status: int = 200,
    headers: dict[str, str] | None = None,
    *,
    here: str = PAGE,
    **given: object,
) -> Response:
    """Return a page whose texts are messages, or translated already."""
    content = render(name, visitor, here=here, **given)
    response = Response(content, status, {"Content-Security-Policy": CSP, **(headers or {})}, media_type=HTML)
    return in_language(response, visitor)
