"""How the page shows a comment: its author, and its text in parts, some of which are links or mentions."""

import re
from typing import TypedDict

from tca_app.core.language.messages import _
from tca_app.core.urls import link_of
from tca_app.features.deployments.comments.mentions import MENTION
from tca_app.features.deployments.comments.schemas import CommentRead
from tca_app.ui.components.faces import Face, face_of

# A URL ends before the punctuation of the sentence around it.
_URL = re.compile(r"https?://[^\s<>\"']{1,2000}", re.IGNORECASE)
_AFTER_URL = ".,;:!?)]}"


class Part(TypedDict):
    """A part of a text. `kind` is "text", "link" or "mention"; `about` is the URL of a link, the name of a person."""

    kind: str
    text: str
    about: str


class CommentRow(TypedDict):
    """A comment in the list."""

    id: int
    author: str
    face: Face
    at: str
    edited_at: str
    parts: list[Part]
    may_edit: bool
    may_delete: bool


def row_of(comment: CommentRead) -> CommentRow:
    author = comment.author.display_name if comment.author else _("Deleted user")
    people = {mention.username.lower(): mention.person.display_name for mention in comment.mentions}
    return CommentRow(
        id=comment.id,
        author=author,
        face=face_of(author, comment.author.id if comment.author else None),
        at=comment.created_at.isoformat(),
        edited_at=comment.edited_at.isoformat() if comment.edited_at else "",
        parts=parts_of(comment.body, people),
        may_edit=comment.may_edit,
        may_delete=comment.may_delete,
    )


def parts_of(body: str, people: dict[str, str]) -> list[Part]:
    """Splits a text at its links and at the mentions of `people`, which are names by username in lower case."""
    parts: list[Part] = []
    end = 0
    for found in _URL.finditer(body):
        url = link_of(found[0].rstrip(_AFTER_URL))
        if url:
            parts += _with_mentions(body[end : found.start()], people)
            parts.append(Part(kind="link", text=url, about=url))
            end = found.start() + len(url)
    return parts + _with_mentions(body[end:], people)


def _with_mentions(text: str, people: dict[str, str]) -> list[Part]:
    parts: list[Part] = []
    end = 0
    for found in MENTION.finditer(text):
        name = people.get(found[1].lower())
        if name is not None:
            parts += _plain(text[end : found.start()])
            parts.append(Part(kind="mention", text=found[0], about=name))
            end = found.end()
    return parts + _plain(text[end:])


def _plain(text: str) -> list[Part]:
    return [Part(kind="text", text=text, about="")] if text else []
