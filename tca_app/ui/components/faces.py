"""Faces of people, a picture or coloured initials, and marks of projects: the same ones on every screen."""

import zlib
from typing import Any, Protocol, TypedDict

import reflex as rx

from tca_app.core.marks import COLORS
from tca_app.core.pictures import picture_url
from tca_app.ui.components.basic import relative_time

HUES = len(COLORS)  # the stylesheet has a colour for each


class Face(TypedDict):
    """Initials, the number of a colour, and the URL of the picture or ""."""

    initials: str
    hue: str
    picture: str


def face_of(name: str, user_id: int | None = None) -> Face:
    """Return the initials of the first and last word of a name, a colour that depends on the name only, and the picture
    of the user, if it is one."""
    words = name.split()
    initials = "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()
    return Face(initials=initials, hue=str(zlib.crc32(name.encode()) % HUES), picture=picture_url(user_id))


class Marked(Protocol):
    """A project as any list has it."""

    @property
    def name(self) -> str: ...

    @property
    def color(self) -> str: ...

    @property
    def emoji(self) -> str: ...


class Mark(TypedDict):
    """The mark of a project: the letter or emoji in its tile, and the number of its colour. The text of none is ""."""

    text: str
    hue: str


def mark_of(project: Marked | None) -> Mark:
    """Return the mark of a project: what is chosen in its settings, or else what depends on its name."""
    if project is None:
        return Mark(text="", hue="")
    name, color = project.name, project.color
    hue = COLORS.index(color) if color in COLORS else zlib.crc32(name.encode()) % HUES
    return Mark(text=project.emoji or name[:1].upper(), hue=str(hue))


def tile(mark: Any, kind: str = "") -> rx.Component:
    """The mark of a project. `kind` is "large", "small" or ""."""
    attributes = {"data-hue": mark["hue"]}
    return rx.el.span(mark["text"], class_name=f"tile {kind}".strip(), aria_hidden="true", custom_attrs=attributes)


def tile_or_console(mark: Any) -> rx.Component:
    """The mark of a project, or a neutral one for what belongs to the console itself."""
    console = rx.el.span(rx.icon("server", size=12), class_name="tile neutral", aria_hidden="true")
    return rx.cond(mark["text"] != "", tile(mark), console)


def with_tile(mark: Any, *shown: Any) -> rx.Component:
    """What is shown of a project, usually its name or a link, with its mark in front."""
    return rx.el.div(tile(mark), *shown, class_name="person")


def avatar(face: Any, kind: str = "") -> rx.Component:
    """The face alone. `kind` is "large", "small" or "". Below the picture are the initials, if it cannot be loaded; two
    letters cannot be read at the small size.
    """
    picture = rx.el.img(src=face["picture"], alt="", loading="lazy", decoding="async")
    return rx.el.span(
        face["initials"].to(str)[:1] if kind == "small" else face["initials"],
        rx.cond(face["picture"] != "", picture),
        class_name=f"avatar {kind}".strip(),
        aria_hidden="true",
        custom_attrs={"data-hue": face["hue"]},
    )


def when_and_who(at: Any, name: Any, face: Any) -> rx.Component:
    """When something was done and by whom, in a line below it. `name` may be ""."""
    person = rx.fragment("·", avatar(face, "small"), rx.el.span(name, class_name="truncate", title=name))
    return rx.el.div(relative_time(at), rx.cond(name, person), class_name="cell-sub when-and-who")


def in_sentence(face: Any, name: Any) -> rx.Component:
    """The name of a person within a sentence, with the face in front. `face` may have no initials."""
    return rx.el.span(rx.cond(face["initials"] != "", avatar(face, "small")), name, class_name="in-sentence")


def with_face(face: Any, *shown: Any) -> rx.Component:
    """What is shown of a person, usually a name or a link, with the face in front."""
    return rx.el.span(avatar(face), *shown, class_name="person")
