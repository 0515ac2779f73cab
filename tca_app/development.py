"""The stores of `reflex run`: held by a helper process that ends when Reflex does, however it ends."""

import json
import os
import subprocess
import sys

from tca_app.config import get_settings


def start_stores() -> None:
    """Start what the settings do not name, apply the migrations, and tell this process and its children where.

    Reflex forks its workers from this process and expects them to load our modules fresh after an edit, so the work is
    done elsewhere. The helper's input stays open as long as this process or a worker lives.
    """
    command = [sys.executable, "-m", "tca_app", "stores"]
    helper = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True)
    _kept_open.append(helper)
    answer = helper.stdout.readline() if helper.stdout else ""
    if not answer:
        sys.exit(helper.wait() or 1)  # it has said why on stderr
    os.environ.update(json.loads(answer))
    get_settings.cache_clear()


_kept_open: list[subprocess.Popen[str]] = []
