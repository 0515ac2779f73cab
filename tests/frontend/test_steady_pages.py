"""What Reflex compiles a page to, after the plugin that keeps it as it is drawn."""

import pytest

from tca_app.frontend.steady_pages import steady


def test_a_page_is_drawn_once() -> None:
    page = steady("function Component() {\n}\nexport default Component;\n")
    assert "export default memo(Component, () => true);" in page
    assert "export default Component;" not in page


def test_a_page_of_another_form_stops_the_build() -> None:
    with pytest.raises(ValueError, match="another export"):
        steady("export default function Component() {}")
