"""Reloads under `reflex run`: after an edit of rules alone, Reflex need not compile the pages anew."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tca_app.frontend.build import WEB, sources_hash

# Files of a feature that hold no text, name or component of a page.
RULES = ("service.py", "queries.py", "router.py")
COMPILED = "tca-compiled"
SKIP_COMPILE = "__REFLEX_SKIP_COMPILE"


@contextmanager
def compiling_changed_pages(run: str, web: Path = WEB) -> Iterator[None]:
    """Lets Reflex skip its compiler unless a source of the pages changed since it compiled them in this `run`."""
    state, kept = f"{run} {sources_hash(leave_out=RULES)}", web / COMPILED
    if kept.exists() and kept.read_text() == state:
        os.environ[SKIP_COMPILE] = "true"
    yield
    kept.write_text(state)
