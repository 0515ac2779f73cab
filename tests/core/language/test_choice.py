"""The language of a browser, by its cookie and its header."""

import pytest

from tca_app.core.language.choice import browser_language


@pytest.mark.parametrize(
    ("cookies", "accepted", "expected"),
    [
        ("", "", "en"),
        ("", "de-DE,de;q=0.9,en-US;q=0.8,en;q=0.7", "de"),
        ("", "de-AT", "de"),
        ("", "en-GB,en;q=0.9,de;q=0.8", "en"),
        ("", "fr-FR,fr;q=0.9,de;q=0.8,en;q=0.7", "de"),
        ("", "fr", "en"),
        ("", "de;q=0", "en"),
        ("", "en;q=0.2, de ; q=0.9", "de"),
        ("", "de;q=nan, en", "en"),
        ("", ",;q=,;;;de;q=x" * 900, "en"),
        ("theme=dark; language=de", "en", "de"),
        ("language=en", "de", "en"),
        ("language=../../etc", "de", "de"),
        ("language=", "de", "de"),
    ],
)
def test_the_cookie_comes_first_then_the_preferred_language(cookies: str, accepted: str, expected: str) -> None:
    assert browser_language(cookies, accepted) == expected
