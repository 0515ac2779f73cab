"""The state of the public page, or of one of its components, as an SVG image for the pages of others."""

import unicodedata
from typing import NamedTuple

from tca_app.core.language.messages import N_, _
from tca_app.core.language.stored import name_text
from tca_app.features.health.public_page.feed import xml_text
from tca_app.features.health.public_page.schemas import PublicRead

MEDIA_TYPE = "image/svg+xml"
CSP = "default-src 'none'; sandbox"
MAX_LABEL = 60  # characters; a longer name ends with an ellipsis
PADDING = 6
# Backgrounds on which white text has a contrast of at least 4.5.
_GREY, _BLUE = "#60646c", "#3a5bc7"
_COLORS = {"passing": "#18794e", "failing": "#c62a2f", "degraded": "#9e5900", "maintenance": _BLUE}
_WORDS = {
    "passing": N_("Operational"),
    "failing": N_("Down"),
    "degraded": N_("Ongoing incident"),
    "maintenance": N_("Maintenance"),
    "unknown": N_("Unknown"),
    "paused": N_("Paused"),
}
# Widths at 11 px of Verdana, or of what the browser has instead; the text is fitted to their sum.
_NARROW, _WIDE = "fijlrtI.,:;|!'()[] ", "mwMW@%"


class Part(NamedTuple):
    """A half of the badge: its text, where it begins and how wide it is."""

    text: str
    x: int
    width: int
    color: str

    @property
    def text_width(self) -> int:
        return self.width - 2 * PADDING


class Badge(NamedTuple):
    label: Part
    state: Part

    @property
    def width(self) -> int:
        return self.label.width + self.state.width


def page_badge(read: PublicRead, overall: str) -> Badge:
    """Return the badge of the whole page; `overall` is the style of its headline."""
    totals = read.totals
    watched = totals.components - totals.paused
    down = _("{failing} of {watched} down", failing=totals.failing, watched=watched)
    return _badge(_("status"), down if overall == "failing" else _(_WORDS[overall]), overall)


def component_badge(name: str, state: str) -> Badge:
    return _badge(name_text(name), _(_WORDS[state]), state)


def _badge(label: str, words: str, state: str) -> Badge:
    label = xml_text(label)
    if len(label) > MAX_LABEL:
        label = label[: MAX_LABEL - 1] + "…"
    left = _width(label) + 2 * PADDING
    return Badge(
        Part(label, 0, left, "#3a3f42"), Part(words, left, _width(words) + 2 * PADDING, _COLORS.get(state, _GREY))
    )


def _width(text: str) -> int:
    return round(sum(_width_of(char) for char in text))


def _width_of(char: str) -> float:
    if char in _NARROW:
        return 4.5
    if char in _WIDE:
        return 10.5
    if unicodedata.combining(char):
        return 0
    if unicodedata.east_asian_width(char) in "WF":
        return 12
    return 8 if char.isupper() else 7
