"""The name of the built pages: compiled into them, and known to the process that serves them."""

import os

VARIABLE = "TCA_BUILD"


def build_name() -> str:
    """Return the name, or "" under `reflex run`, which serves no build."""
    return os.environ.get(VARIABLE, "")
