"""The documentation in the console: the pages of `docs` and the changelog, read once and shown as HTML."""

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

from fastapi import FastAPI, Request, Response
from markdown_it import MarkdownIt
from markdown_it.token import Token

from tca_app.core.errors import NotFound
from tca_app.server.pages.frame import html_page, readers_only

ROOT = Path(__file__).resolve().parents[3]
PATH = "/guide"
CHANGELOG = "changelog"
FIRST = "quick-start"
SECTIONS = {
    "Use": (
        "quick-start",
        "deployments",
        "incidents",
        "ci",
        "recipes",
        "rest",
        "client",
        "webhooks",
        "slack",
        "groups",
        "invitations",
        "tokens",
        "two-factor",
        "sessions",
        "personal-data",
        "pictures",
        "time-zones",
        "languages",
        "typed-text",
        "saved-views",
        "imports",
    ),
    "Operate": (
        "operations",
        "configuration",
        "instance",
        "status-page",
        "services",
        "replicas",
        "backup",
        "upgrading",
        "retention",
        "secret-key",
        "single-sign-on",
        "event-export",
        "streams",
        "tracing",
    ),
    "About": ("architecture", "source-document", CHANGELOG),
}
_NOT_IN_A_SLUG = re.compile(r"[^\w\- ]")
_markdown = MarkdownIt("commonmark", {"html": False}).enable("table")


@dataclass(frozen=True, slots=True)
class GuidePage:
    name: str
    title: str
    html: str


def add_guide(api: FastAPI) -> None:
    """Add the documentation to `api`."""
    api.add_route(PATH, _read_page, include_in_schema=False)
    api.add_route(f"{PATH}/{{name}}", _read_page, include_in_schema=False)


async def _read_page(request: Request) -> Response:
    await readers_only(request)
    pages = guide_pages()
    page = pages.get(request.path_params.get("name", FIRST))
    if page is None:
        raise NotFound
    contents = [(title, [pages[name] for name in names]) for title, names in SECTIONS.items()]
    return html_page("guide.html", page=page, contents=contents, here=PATH)


@cache
def guide_pages() -> Mapping[str, GuidePage]:
    """Return the pages by name."""
    files = {name: _file(name) for names in SECTIONS.values() for name in names}
    parsed = {name: _markdown.parse((ROOT / file).read_text()) for name, file in files.items()}
    titles = {name: _title(tokens) or name for name, tokens in parsed.items()}
    targets = {file: (f"{PATH}/{name}", titles[name]) for name, file in files.items()}
    return {name: GuidePage(name, titles[name], _html(parsed[name], files[name], targets)) for name in files}


def _file(name: str) -> str:
    return "CHANGELOG.md" if name == CHANGELOG else f"docs/{name}.md"


def _title(tokens: list[Token]) -> str:
    return next((after.content.replace("`", "") for token, after in pairwise(tokens) if token.tag == "h1"), "")


def _html(tokens: list[Token], file: str, targets: Mapping[str, tuple[str, str]]) -> str:
    for token, after in pairwise(tokens):
        if token.type == "heading_open":
            token.attrSet("id", slug(after.content))
    for inline in tokens:
        for token, after in pairwise(inline.children or ()):
            if token.type == "link_open":
                _lead(token, after, file, targets)
    html = str(_markdown.renderer.render(tokens, _markdown.options, {}))
    # What is wider than the page is scrolled with the keyboard, too, and a header is never empty.
    return html.replace("<pre>", '<pre tabindex="0">').replace("<th></th>", "<td></td>")


def slug(heading: str) -> str:
    """Return the anchor of a heading, as GitHub makes it."""
    return _NOT_IN_A_SLUG.sub("", heading.lower()).replace(" ", "-")


def _lead(link: Token, text: Token, file: str, targets: Mapping[str, tuple[str, str]]) -> None:
    """Point a link to another page at its URL, and name it by its title. One to what is not shown has no target."""
    path, mark, anchor = str(link.attrGet("href") or "").partition("#")
    if not path or "://" in path:
        return
    url, title = targets.get(posixpath.normpath(posixpath.join(posixpath.dirname(file), path)), ("", ""))
    if not url:
        link.attrs.pop("href")
        return
    link.attrSet("href", f"{url}{mark}{anchor}")
    if text.content.endswith(".md"):
        text.content = title
