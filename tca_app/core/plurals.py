"""A number beside its noun: "1 minute", "2 minutes", "1,204 people"."""


def plural(count: int, noun: str, nouns: str = "") -> str:
    """The number with the noun in its number. `nouns` is the plural where it does not just add an s."""
    return f"{count:,} {noun if count == 1 else nouns or f'{noun}s'}"
