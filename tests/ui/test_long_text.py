"""Very long words, such as an image reference with its digest, leave room for the rest."""

import pytest

from tca_app.ui.long_text import cut_in_middle, shorten_words

DIGEST = "ghcr.io/tca-group/billing-api@sha256:" + "9f1c2ab4" * 8


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"Ana queued {DIGEST} to production", "Ana queued ghcr.io/tca-group/billin…2ab49f1c2ab4 to production"),
        ("Ana queued 1.4.2 to production", "Ana queued 1.4.2 to production"),
        ("x" * 71, "x" * 71),
        ("x" * 72, "x" * 24 + "…" + "x" * 12),
        ("", ""),
    ],
)
def test_a_long_word_loses_its_middle_and_a_sentence_keeps_its_end(text: str, shown: str) -> None:
    assert shorten_words(text) == shown


def test_a_version_is_whole_on_hover_however_long() -> None:
    assert str(cut_in_middle("1.4.2")).count('title:"1.4.2"') == 2  # of the short and of the long form
