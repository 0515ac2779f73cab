"""Formats a number with its noun: "1 minute", "2 minutes", "1,204 people"."""


def plural(count: int, noun: str, nouns: str = "") -> str:
    """Return the number with the noun in singular or plural. `nouns` is an irregular plural."""
    return f"{count:,} {noun if count == 1 else nouns or f'{noun}s'}"
