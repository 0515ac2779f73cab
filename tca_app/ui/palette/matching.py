"""Fuzzy matching: whether a name contains the letters of a text in their order, how well, and which."""

from collections.abc import Collection
from itertools import pairwise
from unicodedata import combining, normalize

PREFIX, WORD, INSIDE, SPREAD = 100.0, 80.0, 60.0, 30.0
MAX_LETTERS, MAX_STARTS = 32, 16


class Match:
    """How well a name matches: the score, higher is better, and the indices of the letters that match."""

    __slots__ = ("indices", "score")

    def __init__(self, score: float, indices: set[int]) -> None:
        self.score = score
        self.indices = indices


def match(text: str, name: str) -> Match | None:
    """Returns how `name` matches `text`, or None. Every word of the text must match, in any order."""
    folded, origins = _fold(name)
    pairs = pairwise(f" {folded}")
    starts = [index for index, (before, here) in enumerate(pairs) if here.isalnum() and not before.isalnum()]
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


def _match_word(word: str, name: str, starts: list[int]) -> Match | None:
    position = name.find(word)
    if position < 0:
        return _match_letters(word, name, starts)
    at_start = next((start for start in starts if name.startswith(word, start)), None)
    if at_start is not None:
        position = at_start
    score = PREFIX if position == 0 else INSIDE if at_start is None else WORD
    return Match(score, set(range(position, position + len(word))))


def _match_letters(word: str, name: str, starts: list[int]) -> Match | None:
    """Matches the letters one by one. Both limits bound the work, because people name projects as they like."""
    if not 2 <= len(word) <= MAX_LETTERS:
        return None
    first = starts[:MAX_STARTS]
    found = [spread for start in first if (spread := _spread(word, name, start, first)) is not None]
    return max(found, key=lambda spread: spread.score, default=None)


def _spread(word: str, name: str, start: int, starts: list[int]) -> Match | None:
    """Matches the letters from `start`. To skip to the next word is free: "np" matches "New project"."""
    if name[start] != word[0]:
        return None
    indices, skipped = [start], 0
    for letter in word[1:]:
        after = indices[-1] + 1
        position = name.find(letter, after)
        if position < 0:
            return None
        if position != after:
            position = next((at for at in starts if at >= after and name[at] == letter), position)
        skipped += position - after if position not in starts else 0
        indices.append(position)
    return None if skipped > len(word) else Match(SPREAD - skipped, set(indices))
