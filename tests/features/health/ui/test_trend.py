"""The trend of the score is written as the viewer writes numbers."""

from tca_app.core.region.formats import LOCALE
from tca_app.core.region.locales import LOCALES
from tca_app.features.health.schemas import ScoreTrend
from tca_app.features.health.ui.state import _trend


def test_the_trend_has_the_decimal_comma_of_the_locale() -> None:
    token = LOCALE.set(LOCALES["de-DE"])
    try:
        assert _trend(ScoreTrend(days=30, now=99.9, before=99.95, points=[])).startswith("−0,05 ")
    finally:
        LOCALE.reset(token)
