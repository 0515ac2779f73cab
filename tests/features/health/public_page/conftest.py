"""The public page is on, and nothing of it is cached from another test."""

from collections.abc import Iterator

import pytest

from tca_app.config.settings import get_settings
from tca_app.features.health.public_page import page as public_page


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(get_settings(), "status_public", True)
    public_page._kept.cache_clear()
    yield
    public_page._kept.cache_clear()
