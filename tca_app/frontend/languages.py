"""The built pages in other languages: a script with the catalogue of each, and the prerendered pages with its texts.

React keeps a prerendered page that reads as it would draw it. Other texts would be drawn anew before one's eyes.
"""

import hashlib
import html
import json
import re
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from tca_app.core.language.messages import ENGLISH, LANGUAGES, read_catalogue

MESSAGES = "messages.json"
SCRIPTS = Path(__file__).resolve().parents[2] / "assets" / "console"
KEYWORDS = {"t": None, "nt": (1, 2), "parts": None}  # the functions of assets/console/language.js
TITLE_JOINT = " · "

_TAG = re.compile(r"<[^<>]*>")
_RAW_TAG = re.compile(r"<(script|style)\b")  # what stands behind it is no text until it ends
_TEXT_OF_ATTRIBUTE = re.compile(r'(?<=\s)(aria-label|alt|placeholder|title)="([^"]+)"')
_LABEL_OF_CARD = re.compile(r"(?<=[\";])(--c\d+:&quot;)([^&]+)(?=&quot;)")  # see `as_cards`
_NAME = re.compile(r"\{\w+\}")
_NAMED = re.compile(r"\{(\w+)\}")
_PLACEHOLDER = re.compile(r"\\\{\w+\\\}")


def keep_messages(web: Path, messages: Iterable[str]) -> None:
    """Keeps which messages the compiled pages have."""
    (web / MESSAGES).write_text(json.dumps(sorted(messages)))


def add_languages(client: Path) -> None:
    """Writes the catalogue of each language as a script, and each page in it beside the English one."""
    wanted = {*json.loads((client.parent.parent / MESSAGES).read_text()), *messages_of_scripts()}
    for name in LANGUAGES:
        if name == ENGLISH:
            continue
        texts, plural = page_texts(name, wanted)
        url = _write_script(client, name, texts, plural)
        translate = translator(texts)
        for page in client.rglob("*.html"):
            page.with_name(f"{page.name}.{name}").write_text(translated_page(page.read_text(), name, url, translate))


def messages_of_scripts(folder: Path = SCRIPTS) -> set[str]:
    """Returns the messages of the scripts in assets/, each by its singular."""
    extract = import_module("babel.messages.extract").extract_from_file
    found = [entry[1] for path in folder.rglob("*.js") for entry in extract("javascript", path, KEYWORDS)]
    return {message if isinstance(message, str) else message[0] for message in found}


def page_texts(name: str, wanted: Iterable[str]) -> tuple[dict[str, str | list[str]], str]:
    """Returns the translations of these messages, a list for those with plurals, and the rule that chooses of it."""
    catalogue, wanted = read_catalogue(name), set(wanted)
    texts: dict[str, str | list[str]] = {}
    for message in catalogue:
        singular = message.id if isinstance(message.id, str) else message.id[0]
        if singular in wanted and message.string and all(message.string):
            texts[singular] = message.string if isinstance(message.string, str) else list(message.string)
    return texts, str(catalogue.plural_expr)


def _write_script(client: Path, name: str, texts: dict[str, Any], plural: str) -> str:
    """Writes the script, named by its content like all assets, which browsers keep for good. Returns its URL."""
    words = json.dumps(texts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    script = f'globalThis.messages={{language:"{name}",plural:n=>+({plural}),texts:{words}}};\n'
    tag = hashlib.sha256(script.encode()).hexdigest()[:12]
    file = client / "assets" / f"messages-{name}-{tag}.js"
    file.parent.mkdir(exist_ok=True)
    file.write_text(script)
    return f"/assets/{file.name}"


def translator(texts: dict[str, Any]) -> Callable[[str], str]:
    """Returns the function that translates a text of a page, also one with values in it, such as a number."""
    plain = {message: text for message, text in texts.items() if isinstance(text, str)}
    plain = {**dict(pair for message, text in plain.items() for pair in _around_components(message, text)), **plain}
    patterns = [
        (re.compile(_PLACEHOLDER.sub("(.+?)", re.escape(message))), _NAMED.findall(message), text)
        for message, text in plain.items()
        if "{" in message and _NAME.sub("", message).strip()
    ]

    def translate(text: str) -> str:
        if text in plain:
            return str(plain[text])
        for pattern, names, translation in patterns:
            if found := pattern.fullmatch(text):
                values = map(translate, found.groups())  # a page that is built has no value but texts of its own
                return str(translation).format(**dict(zip(names, values, strict=True)))
        label, colon, choice = text.partition(": ")
        return f"{translate(label)}: {translate(choice)}" if colon else text

    return translate


def _around_components(message: str, text: str) -> Iterator[tuple[str, str]]:
    """Yields the parts of a message between its values, which are texts of their own around a component."""
    if _NAME.findall(message) == _NAME.findall(text):
        yield from zip(_NAME.split(message), _NAME.split(text), strict=True)


def translated_page(page: str, name: str, script: str, translate: Callable[[str], str]) -> str:
    """Returns a page in the language: its texts, and its catalogue in front of all other scripts.

    In the head React would take the catalogue for the first script that it draws there itself; in the body it skips it.
    """
    translated, end, closing = [], 0, ""
    for tag in _TAG.finditer(page):
        if closing and tag.group() != closing:
            continue
        before = page[end : tag.start()]
        translated += [before if closing else _in_html(before, translate), _attributes(tag.group(), translate)]
        opened = _RAW_TAG.match(tag.group())
        closing = f"</{opened[1]}>" if opened and not tag.group().endswith("/>") else ""
        end = tag.end()
    translated.append(page[end:])
    text = "".join(translated).replace(f'<html lang="{ENGLISH}"', f'<html lang="{name}"', 1)
    return text.replace("<body>", f'<body><script src="{script}"></script>', 1)


def _attributes(tag: str, translate: Callable[[str], str]) -> str:
    if tag.startswith(("<script", "<style")):
        return tag
    tag = _LABEL_OF_CARD.sub(lambda found: found[1] + _in_html(found[2], translate), tag)
    return _TEXT_OF_ATTRIBUTE.sub(lambda found: f'{found[1]}="{_in_html(found[2], translate)}"', tag)


def _in_html(text: str, translate: Callable[[str], str]) -> str:
    """Translates escaped text. The title of a page has the name of the console behind it."""
    plain = html.unescape(text)
    if not plain.strip():
        return text
    translated = TITLE_JOINT.join(map(translate, plain.split(TITLE_JOINT)))
    return text if translated == plain else html.escape(translated)
