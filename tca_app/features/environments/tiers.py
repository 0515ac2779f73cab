"""The tier of an environment: what it is for, whatever it is called. Delivery is measured by tier."""

import re
from typing import Literal, get_args

Tier = Literal["production", "staging", "testing", "development", "other"]
TIER_LABELS: dict[Tier, str] = {tier: tier.capitalize() for tier in get_args(Tier)}
# The first that fits: "pre-prod" is no production, and neither is "prod-test".
_WORDS: tuple[tuple[Tier, str], ...] = (
    ("staging", r"pre[^a-z]?(production|prod|prd|live)|staging|stage|stg|uat"),
    ("testing", "testing|test|qa|ci"),
    ("development", "development|dev|local|sandbox|preview"),
    ("other", r"(non|no|not)[^a-z]?(production|prod|prd|live)"),
    ("production", "production|prod|prd|live"),
)
_PATTERNS = tuple((tier, re.compile(f"(^|[^a-z])({words})([^a-z]|$)")) for tier, words in _WORDS)


def guess_tier(name: str) -> Tier:
    """What an environment of this name is most likely for; people may change it."""
    lowered = name.lower()
    return next((tier for tier, pattern in _PATTERNS if pattern.search(lowered)), "other")
