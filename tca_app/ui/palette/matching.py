"""Fuzzy matching: whether a name contains the letters of a text in their order, how well, and which."""

import re
from collections.abc import Collection
from unicodedata import combining, normalize

PREFIX, WORD, INSIDE, SPREAD = 100.0, 80.0, 60.0, 30.0
_WORD_START = re.compile(r"(?<![^\W_])[^\W_]")


class Match:
    """How well a name matches: the score, higher is better, and the indices of the letters that match."""

    __slots__ = ("indices", "score")

    def __init__(self, score: float, indices: set[int]) -> None:
        self.score = score
        self.indices = indices


def match(text: str, name: str) -> Match | None:
    """Returns how `name` matches `text`, or None. Every word of the text must match, in any order."""
    folded, origins = _fold(name)
    starts = {found.start() for found in _WORD_START.finditer(folded)}
    scores, indices = [], set[int]()
    for word in _fold(text)[0].split():
        found = _match_word(word, folded, starts)
        if found is None:
            return None
        scores.append(found.score)
        indices |= {origins[index] for index in found.indices}
    if not scores:
        return None
    # A short name is the better one of two that match alike.
    return Match(sum(scores) / len(scores) - min(len(folded), 50) / 10, indices)


def parts_of(name: str, indices: Collection[int]) -> list[str]:
    """Returns the name in parts that do not match and parts that do, in turn: the first one does not."""
    parts = [""]
    for index, character in enumerate(name):
        if (index in indices) != (len(parts) % 2 == 0):
            parts.append("")
        parts[-1] += character
    return parts


def _fold(text: str) -> tuple[str, list[int]]:
    """Returns the text without case and accents, and the index in `text` of each of its characters."""
    folded: list[str] = []
    origins: list[int] = []
    for index, character in enumerate(text):
        plain = "".join(c for c in normalize("NFKD", character.casefold()) if not combining(c))
        folded.append(plain)
        origins += [index] * len(plain)
    return "".join(folded), origins


def _match_word(word: str, name: str, starts: set[int]) -> Match | None:
    positions = [found.start() for found in re.finditer(f"(?={re.escape(word)})", name)]
    if positions:
        at_start = [position for position in positions if position in starts]
        position = min(at_start or positions)
        score = PREFIX if position == 0 else WORD if at_start else INSIDE
        return Match(score, set(range(position, position + len(word))))
    found = [spread for start in sorted(starts) if (spread := _spread(word, name, start, starts)) is not None]
    return max(found, key=lambda spread: spread.score, default=None)


def _spread(word: str, name: str, start: int, starts: set[int]) -> Match | None:
    """Matches the letters one by one from `start`. To skip to the next word is free: "np" matches "New project"."""
    if len(word) < 2 or name[start] != word[0]:
        return None
    indices, skipped = [start], 0
    for letter in word[1:]:
        after = indices[-1] + 1
        nearest = name.find(letter, after)
        if nearest < 0:
            return None
        position = nearest
        if nearest != after:
            position = next((at for at in sorted(starts) if at >= after and name[at] == letter), nearest)
        skipped += position - after if position not in starts else 0
        indices.append(position)
    return None if skipped > len(word) else Match(SPREAD - skipped, set(indices))
