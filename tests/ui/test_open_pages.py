"""What the footer of pages for strangers links to."""

import pytest

from tca_app.config.settings import get_settings
from tca_app.ui import routes
from tca_app.ui.open_pages import open_pages


def test_strangers_are_offered_only_what_they_may_open(monkeypatch: pytest.MonkeyPatch) -> None:
    assert open_pages() == [routes.GUIDE]
    monkeypatch.setattr(get_settings(), "status_public", True)
    assert open_pages() == [routes.GUIDE, routes.PUBLIC_STATUS]
    monkeypatch.setattr(get_settings(), "environment", "production")
    assert open_pages() == [routes.PUBLIC_STATUS]
