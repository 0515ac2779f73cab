"""Basic components."""

import pytest

from tca_app.ui.components.basic import ICONS, glyph


def test_an_icon_that_the_stylesheet_does_not_draw_is_refused() -> None:
    assert ".glyph-ellipsis {" in ICONS.read_text()
    assert "glyph-ellipsis" in str(glyph("ellipsis"))
    with pytest.raises(ValueError, match="has no snail"):
        glyph("snail")
