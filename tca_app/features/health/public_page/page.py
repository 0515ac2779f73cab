"""The public page as HTML, JSON, feed and badges, without scripts and rendered at most once in 15 seconds."""

import asyncio
import hashlib
from base64 import b64encode
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from time import monotonic
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from tca_app.config.fonts import FONT_FACES, FONT_URL
from tca_app.config.settings import get_settings
from tca_app.core.database.session import reading
from tca_app.core.errors import AppError, NotFound, Unavailable
from tca_app.core.instance import instance_settings
from tca_app.features.health import policy
from tca_app.features.health.probing.check_state import lasted
from tca_app.features.health.public_page import badge
from tca_app.features.health.public_page.feed import feed
from tca_app.features.health.public_page.schemas import PublicRead, PublicState
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


@dataclass(frozen=True, slots=True)
class Pages:
    """What one read of the status gave. `states` are those of all components, by name."""

    html: Page
    json: Page
    feed: Page
    badge: Page
    states: dict[str, PublicState]

    def component_badge(self, name: str) -> Page:
        """Returns the badge of a component. Raises NotFound unless it is on the page."""
        if name not in self.states:
            raise NotFound
        return Page(_svg(badge.component_badge(name, self.states[name])))


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
    return Pages(
        html=Page(_html(found)),
        json=Page(found.read.model_dump_json().encode()),
        feed=Page(feed(found.read, found.at, moment)),
        badge=Page(_svg(badge.page_badge(found.read, overall(found.read)[0]))),
        states=found.states,
    )


def _svg(made: badge.Badge) -> bytes:
    return _templates.get_template("badge.svg").render(badge=made, padding=badge.PADDING).encode()


def _html(found: PublicStatus) -> bytes:
    read = found.read
    bars = [bars_of(points, found.at, DAYS, timedelta(days=1), "day") for points in found.points]
    return render(
        "public.html",
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
        return "failing", f"{totals.failing} of {watched} components down"
    if opened:
        return "degraded", "Ongoing incident" if opened == 1 else f"{opened} ongoing incidents"
    if any(window.is_active for window in read.maintenance):
        return "maintenance", "Maintenance in progress"
    if not watched:
        return "unknown", "No components yet" if not totals.components else "No components are monitored"
    if totals.unknown:
        return "unknown", "Some components have no recent check"
    return "passing", "All monitored systems operational" if totals.paused else "All systems operational"


def render(name: str, **given: object) -> bytes:
    """Render a page of strangers with the name and the logo of the console."""
    instance = instance_settings()
    brand: dict[str, object] = {
        "app_name": instance.app_name,
        "logo_url": instance.logo_url,
        "letter": instance.app_name[:1].upper(),
    }
    brand |= {"is_on": instance.status_public, "has_mail": get_settings().has_mail}
    return _templates.get_template(name).render(css=_CSS, font=FONT_URL, **brand, **given).encode()


def moment(at: datetime) -> str:
    """ "4 May 2026, 09:58 UTC", in the zone of the instance: without scripts that of the reader is unknown."""
    at = at.astimezone(ZoneInfo(instance_settings().time_zone))
    return f"{at.day} {at:%B %Y, %H:%M %Z}"


_templates.filters |= {"moment": moment, "lasted": lasted}
