"""The emoji of a mark is one emoji."""

import pytest
from pydantic import TypeAdapter, ValidationError

from tca_app.core.marks import Emoji

EMOJI = TypeAdapter(Emoji)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\U0001f680",
        "\u2705",
        "\u2764\ufe0f",
        "\U0001f1e9\U0001f1ea",
        "\U0001f469\U0001f3fd\u200d\U0001f4bb",
    ],
)
def test_one_emoji_or_nothing_is_taken(text: str) -> None:
    assert EMOJI.validate_python(f" {text} ") == text


@pytest.mark.parametrize(
    "text",
    ["a", "7", "\U0001f680\U0001f680", "\u202e\U0001f680", "<b>", "\U0001f680" * 9, "\u200d", "\ufe0f"],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        EMOJI.validate_python(text)
