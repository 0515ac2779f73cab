"""The public page as HTML, JSON, feed and badges, without scripts and rendered at most once in 15 seconds."""

import asyncio
import hashlib
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from time import monotonic
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from tca_app.config.fonts import FONT_FACES, FONT_URL
from tca_app.config.settings import get_settings
from tca_app.core.database.session import reading
from tca_app.core.errors import AppError, NotFound, Unavailable
from tca_app.core.instance import instance_settings
from tca_app.core.language.messages import _, ngettext
from tca_app.core.language.stored import name_text
from tca_app.core.language.visitor import Visitor
from tca_app.core.region.spans import long_moment
from tca_app.features.health import policy
from tca_app.features.health.probing.check_state import lasted
from tca_app.features.health.public_page import badge
from tca_app.features.health.public_page.feed import PAGE, feed
from tca_app.features.health.public_page.schemas import PublicRead
from tca_app.features.health.public_page.service import DAYS, PublicStatus, read_public
from tca_app.features.health.ui.charts import bars_of

TTL_S = 15.0
FAILURE_TTL_S = 2.0  # not every visitor queries an unreachable database
_FOLDER = Path(__file__).parent / "templates"
_CSS = FONT_FACES + (_FOLDER / "public.css").read_text()
_style = b64encode(hashlib.sha256(_CSS.encode()).digest()).decode()
CSP = (
    f"default-src 'none'; style-src 'sha256-{_style}'; img-src 'self'; font-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
_templates = Environment(
    loader=FileSystemLoader(_FOLDER), undefined=StrictUndefined, autoescape=True, trim_blocks=True, lstrip_blocks=True
)


@dataclass(frozen=True, slots=True)
class Page:
    """A body with its ETag, which changes only with the content: for an open incident once a minute."""

    content: bytes
    etag: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "etag", f'"{hashlib.sha256(self.content).hexdigest()[:24]}"')


@dataclass(slots=True)
class Pages:
    """What one read of the status gave. A page is made in a language when the first visitor asks for it."""

    found: PublicStatus
    json: Page
    _made: dict[tuple[str, Visitor], Page] = field(default_factory=dict)

    def html(self, visitor: Visitor) -> Page:
        return self._page("html", visitor, lambda: _html(self.found, visitor))

    def feed(self, visitor: Visitor) -> Page:
        return self._page("feed", visitor, lambda: feed(self.found.read, self.found.at, moment, visitor.suffix))

    def badge(self, visitor: Visitor) -> Page:
        read = self.found.read
        return self._page("badge", visitor, lambda: _svg(badge.page_badge(read, overall(read)[0])))

    def component_badge(self, name: str, visitor: Visitor) -> Page:
        """Returns the badge of a component. Raises NotFound unless it is on the page."""
        if name not in self.found.states:
            raise NotFound
        with visitor.addressed():
            return Page(_svg(badge.component_badge(name, self.found.states[name])))

    def _page(self, name: str, visitor: Visitor, make: Callable[[], bytes]) -> Page:
        if (name, visitor) not in self._made:
            with visitor.addressed():
                self._made[name, visitor] = Page(make())
        return self._made[name, visitor]


class _Kept:
    """The last pages or the error, and a lock so that only one read runs."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.until = 0.0
        self.made: Pages | AppError = Unavailable()


@lru_cache(maxsize=1)
def _kept() -> _Kept:
    return _Kept()


async def public_pages() -> Pages:
    """Returns pages at most 15 seconds old. Raises NotFound while disabled, Unavailable without PostgreSQL."""
    policy.require_public()
    kept = _kept()
    async with kept.lock:
        if monotonic() > kept.until:
            kept.made = await _make()
            kept.until = monotonic() + (TTL_S if isinstance(kept.made, Pages) else FAILURE_TTL_S)
        if isinstance(kept.made, Pages):
            return kept.made
        raise Unavailable


async def _make() -> Pages | AppError:
    try:
        async with reading() as session:
            found = await read_public(session)
    except AppError as error:
        return error
    except OSError:
        return Unavailable()
    return Pages(found, Page(found.read.model_dump_json().encode()))


def _svg(made: badge.Badge) -> bytes:
    return _templates.get_template("badge.svg").render(badge=made, padding=badge.PADDING).encode()


def _html(found: PublicStatus, visitor: Visitor) -> bytes:
    read = found.read
    bars = [bars_of(points, found.at, DAYS, timedelta(days=1), "day") for points in found.points]
    return render(
        "public.html",
        visitor,
        status=read,
        components=list(zip(read.components, bars, strict=True)),
        overall=overall(read),
        now=found.at,
    )


def overall(read: PublicRead) -> tuple[str, str]:
    """Returns the style and the headline."""
    totals = read.totals
    watched = totals.components - totals.paused
    opened = sum(not incident.component and incident.closed_at is None for incident in read.incidents)
    if totals.failing:
        return "failing", _("{failing} of {watched} components down", failing=totals.failing, watched=watched)
    if opened:
        return "degraded", ngettext("Ongoing incident", "{count} ongoing incidents", opened)
    if any(window.is_active for window in read.maintenance):
        return "maintenance", _("Maintenance in progress")
    if not watched:
        return "unknown", _("No components are monitored") if totals.components else _("No components yet")
    if totals.unknown:
        return "unknown", _("Some components have no recent check")
    return "passing", _("All monitored systems operational") if totals.paused else _("All systems operational")


def render(name: str, visitor: Visitor, *, here: str = PAGE, **given: object) -> bytes:
    """Render a page of strangers with the name and the logo of the console. `here` is where its languages lead."""
    instance = instance_settings()
    brand: dict[str, object] = {
        "app_name": instance.app_name,
        "logo_url": instance.logo_url,
    }
    brand |= {"is_on": instance.status_public, "has_mail": get_settings().has_mail}
    brand |= {"language": visitor.language, "languages": visitor.other_languages, "suffix": visitor.suffix}
    with visitor.addressed():
        return _templates.get_template(name).render(css=_CSS, font=FONT_URL, here=here, **brand, **given).encode()


def moment(at: datetime) -> str:
    """ "4 May 2026, 09:58 UTC", in the zone of the instance: without scripts that of the reader is unknown."""
    return long_moment(at.astimezone(ZoneInfo(instance_settings().time_zone)))


def _time(at: datetime) -> Markup:
    return Markup('<time datetime="{}">{}</time>').format(at.isoformat(), moment(at))


def _sentence(message: str, **parts: Markup) -> Markup:
    """Returns a message with marked-up values."""
    return escape(message).format(**parts)


_templates.filters |= {"time": _time, "lasted": lasted, "named": name_text}
_templates.globals |= {"_": _, "ngettext": ngettext, "sentence": _sentence}
