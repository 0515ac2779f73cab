"""Takes out of a built stylesheet what no built page can use: Radix Themes ships every colour and component."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

_GRAYS = "gray mauve slate sage olive sand"
_HUES = (
    "gold bronze brown yellow amber orange tomato red ruby crimson pink plum purple violet iris indigo blue cyan teal"
)
COLORS = frozenset(f"{_GRAYS} {_HUES} jade green grass lime mint sky".split(" "))
BREAKPOINTS = ("xs", "sm", "md", "lg", "xl")

_BLOCKS = ("@media", "@supports", "@layer", "@container")
_CLASS = re.compile(r"\.((?:\\.|[\w-])+)")
_COLOR_ATTRIBUTE = re.compile(r"\[data-(?:accent|gray)-color=[\"']?(\w+)")
_COLOR_VARIABLE = re.compile(r"--(\w+)-(?:a?\d+|contrast|surface|indicator|track)")
_DECLARED = re.compile(r"(--[\w-]+):")
_REFERRED = re.compile(r"--[\w-]+")
_REFERENCE = re.compile(r"var\((--[\w-]+)")
# A value for one screen size, as a page passes it: `md:"3"`; without a literal any value may come.
_RESPONSIVE = re.compile(r"\b(xs|sm|md|lg|xl)[\"'`\]]*\s*:\s*(?:[\"'`]-?([\w.%-]+)[\"'`])?")
# Radix gives these properties' values other names in the class ("left" becomes "start").
_RENAMED = ("rt-r-ai-", "rt-r-va-", "rt-r-display-", "rt-r-p", "rt-r-side-")


@dataclass(frozen=True, slots=True)
class Used:
    """What the built scripts and pages (and, for colours, the Python sources) can ask of the stylesheet."""

    words: frozenset[str]
    colors: frozenset[str]
    responsive: frozenset[tuple[str, str]]  # (screen size, value); the value is empty when it is not known
    variables: frozenset[str] = field(default_factory=frozenset)

    @classmethod
    def found_in(cls, built: Iterable[str], sources: Iterable[str]) -> "Used":
        """`built`: scripts and pages; `sources`: Python files, since a state may send any colour that they name."""
        texts = list(built)
        words = frozenset(word for text in texts for word in re.findall(r"[\w-]+", text))
        named = {word for text in sources for word in re.findall(r"[\"'](\w+)[\"']", text)}
        shown = {word for text in texts for word in re.findall(r"data-(?:accent|gray)-color=\"(\w+)", text)}
        shown |= {word for text in texts for word in _COLOR_VARIABLE.findall(text)}
        shown |= {word for text in texts for word in re.findall(r"[cC]olor(?:Scheme)?[\"'`\]]*:\s*[\"'`](\w+)", text)}
        return cls(
            words,
            COLORS & (named | shown | {"gray"}),
            frozenset(pair for text in texts for pair in _RESPONSIVE.findall(text)),
            frozenset(name for text in texts for name in _REFERRED.findall(text)),
        )


def purge(css: str, used: Used) -> str:
    """The stylesheet without rules that cannot match and without variables that nothing refers to."""
    before, css = css, _filter(css, lambda selector: _can_match(selector, used))
    while True:
        referred = set(_REFERRED.findall(_DECLARED.sub(":", css))) | used.variables
        smaller = _drop_variables(css, referred, used.colors)
        if smaller == css:
            break
        css = smaller
    lost = (set(_REFERENCE.findall(css)) & set(_DECLARED.findall(before))) - set(_DECLARED.findall(css))
    if lost:
        raise ValueError(f"the purged stylesheet still needs {', '.join(sorted(lost))}")
    return css


def _filter(css: str, keep: Callable[[str], bool]) -> str:
    kept = []
    for head, body in statements(css):
        if body is None:
            kept.append(head)
        elif head.startswith(_BLOCKS):
            inner = _filter(body, keep)
            if inner:
                kept.append(f"{head}{{{inner}}}")
        elif head.startswith("@"):
            kept.append(f"{head}{{{body}}}")
        else:
            selectors = [selector for selector in split_selectors(head) if keep(selector)]
            if selectors:
                kept.append(f"{','.join(selectors)}{{{body}}}")
    return "".join(kept)


def statements(css: str) -> Iterator[tuple[str, str | None]]:
    """Each top-level statement as (text before the brace, text inside); a statement without a block has None."""
    start = 0
    while start < len(css):
        end, sign = _next(css, start, "{;")
        if sign == "{":
            close = _closing(css, end)
            yield css[start:end].strip(), css[end + 1 : close]
            start = close + 1
        else:
            text = css[start : end + 1].strip()
            if text and text != ";":
                yield text, None
            start = end + 1


def split_selectors(text: str) -> list[str]:
    """The members of a selector list; commas inside brackets, parentheses and strings do not separate."""
    parts, start = [], 0
    while start <= len(text):
        end, _ = _next(text, start, ",")
        parts.append(text[start:end].strip())
        start = end + 1
    return [part for part in parts if part]


def _next(text: str, start: int, signs: str) -> tuple[int, str]:
    """The place and sign of the first of `signs` outside strings, comments, brackets and parentheses."""
    depth, at = 0, start
    while at < len(text):
        sign = text[at]
        if sign == "\\":
            at += 2
            continue
        if sign in "\"'":
            at = _end_of_string(text, at)
        elif text.startswith("/*", at):
            at = text.index("*/", at) + 1
        elif depth == 0 and sign in signs:
            return at, sign
        elif sign in "([":
            depth += 1
        elif sign in ")]":
            depth -= 1
        at += 1
    return len(text), ""


def _closing(text: str, opening: int) -> int:
    depth, at = 1, opening + 1
    while depth:
        at, sign = _next(text, at, "{}")
        if not sign:
            raise ValueError("unbalanced braces in the stylesheet")
        depth += 1 if sign == "{" else -1
        at += 1
    return at - 1


def _end_of_string(text: str, at: int) -> int:
    quote = text[at]
    at += 1
    while text[at] != quote:
        at += 2 if text[at] == "\\" else 1
    return at


def _can_match(selector: str, used: Used) -> bool:
    """False when the selector needs a class or colour that no page has. Alternatives need only one that may match."""
    plain, at = "", 0
    while at < len(selector):
        found = re.compile(r":(not|is|where|has|-webkit-any)\(").search(selector, at)
        if not found:
            plain += selector[at:]
            break
        plain += selector[at : found.start()]
        close, _ = _next(selector, found.end(), ")")
        inside = split_selectors(selector[found.end() : close])
        if found.group(1) != "not" and not any(_can_match(part, used) for part in inside):
            return False
        at = close + 1
    classes = (name.replace("\\", "") for name in _CLASS.findall(plain))
    colors = _COLOR_ATTRIBUTE.findall(plain)
    return all(_is_used(name, used) for name in classes) and all(
        color in used.colors or color not in COLORS for color in colors
    )


def _is_used(name: str, used: Used) -> bool:
    """Only Radix' own names are judged; it makes those of variants and sizes at run time from a stem."""
    size, colon, rest = name.rpartition(":")
    if colon and size in BREAKPOINTS:
        values = [value for of, value in used.responsive if of == size]
        takes_any = "" in values or rest.startswith(_RENAMED) or "-" not in rest.partition("rt-r-")[2]
        return (
            bool(values) and (takes_any or any(rest.endswith(f"-{value}") for value in values)) and _is_used(rest, used)
        )
    if re.match(r"rt-[A-Z]", name):
        return name in used.words
    if name.startswith("rt-r-"):
        return any(name[: end.start()] in used.words for end in re.finditer(r"-|$", name) if end.start() > 4)
    return True


def _drop_variables(css: str, referred: set[str], colors: frozenset[str]) -> str:
    def wanted(name: str) -> bool:
        color = _COLOR_VARIABLE.fullmatch(name)
        if color and color.group(1) in COLORS:
            return color.group(1) in colors
        return name in referred

    kept = []
    for head, body in statements(css):
        if body is None:
            kept.append(head)
        elif head.startswith(_BLOCKS):
            inner = _drop_variables(body, referred, colors)
            if inner:
                kept.append(f"{head}{{{inner}}}")
        elif "{" in body or head.startswith("@"):
            kept.append(f"{head}{{{body}}}")
        else:
            lines = [
                line for line in _declarations(body) if not line.startswith("--") or wanted(line.partition(":")[0])
            ]
            if lines:
                kept.append(f"{head}{{{';'.join(lines)}}}")
    return "".join(kept)


def _declarations(body: str) -> list[str]:
    lines, start = [], 0
    while start < len(body):
        end, _ = _next(body, start, ";")
        lines.append(body[start:end].strip())
        start = end + 1
    return [line for line in lines if line]
