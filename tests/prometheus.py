"""Debian's Prometheus with its promtool, for the tests of what it reads. `make test` names it, or downloads it."""

import os
import shutil

import pytest

PROMETHEUS = os.environ.get("PROMETHEUS") or shutil.which("prometheus") or ""
needs_prometheus = pytest.mark.skipif(not PROMETHEUS, reason="there is no Prometheus: run .ci/prometheus")
