"""The tier of an environment: its kind, independent of its name. DORA metrics are measured by tier."""

import re
from typing import Literal

from tca_app.core.language.messages import N_

Tier = Literal["production", "staging", "testing", "development", "other"]
TIER_LABELS: dict[Tier, str] = {
    "production": N_("Production"),
    "staging": N_("Staging"),
    "testing": N_("Testing"),
    "development": N_("Development"),
    "other": N_("Other"),
}
# The first match counts, so neither "pre-prod" nor "prod-test" is production.
_WORDS: tuple[tuple[Tier, str], ...] = (
    ("staging", r"pre[^a-z]?(production|prod|prd|live)|staging|stage|stg|uat"),
    ("testing", "testing|test|qa|ci"),
    ("development", "development|dev|local|sandbox|preview"),
    ("other", r"(non|no|not)[^a-z]?(production|prod|prd|live)"),
    ("production", "production|prod|prd|live"),
)
_PATTERNS = tuple((tier, re.compile(f"(^|[^a-z])({words})([^a-z]|$)")) for tier, words in _WORDS)


def guess_tier(name: str) -> Tier:
    """Returns the most likely tier of an environment with this name. Users can change it."""
    lowered = name.lower()
    return next((tier for tier, pattern in _PATTERNS if pattern.search(lowered)), "other")
