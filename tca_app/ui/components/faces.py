"""Faces: coloured initials beside the name of a person, the same ones on every screen."""

import zlib
from typing import Any, TypedDict

import reflex as rx

HUES = 8  # the stylesheet has a colour for each


class Face(TypedDict):
    """Initials and the number of a colour."""

    initials: str
    hue: str


def face_of(name: str) -> Face:
    """Return the initials of the first and last word of a name, and a colour that depends on the name only."""
    words = name.split()
    initials = "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()
    return Face(initials=initials, hue=str(zlib.crc32(name.encode()) % HUES))


def avatar(face: Any) -> rx.Component:
    return rx.el.span(face["initials"], class_name="avatar", aria_hidden="true", custom_attrs={"data-hue": face["hue"]})


def with_face(face: Any, *shown: Any) -> rx.Component:
    """What is shown of a person, usually a name or a link, with the face in front."""
    return rx.el.span(avatar(face), *shown, class_name="person")
