"""The systemd units, as systemd reads them: no unknown setting, and little that a service can reach."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

UNITS = Path(__file__).resolve().parents[2] / "deploy" / "systemd"
ANALYZE = shutil.which("systemd-analyze")
SERVICES = ["console-migrate.service", "console-web@8001.service", "console-worker@1.service"]
MOST_EXPOSED = 15  # of 100; what is left is mostly the network

pytestmark = pytest.mark.skipif(not ANALYZE, reason="systemd-analyze is not installed")


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A copy of the units, for a machine whose Python is that of the tests."""
    shutil.copytree(UNITS, tmp_path, dirs_exist_ok=True)
    for unit in tmp_path.glob("*.service"):
        unit.write_text(re.sub(r"^ExecStart=\S+", f"ExecStart={sys.executable}", unit.read_text(), flags=re.MULTILINE))
    return tmp_path


def _analyze(machine: Path, *words: str) -> subprocess.CompletedProcess[str]:
    # The colon at the end: the units of the system are found, too.
    environment = {"SYSTEMD_UNIT_PATH": f"{machine}:", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}
    return subprocess.run([str(ANALYZE), *words], env=environment, capture_output=True, text=True)


def test_systemd_finds_nothing_wrong(machine: Path) -> None:
    found = _analyze(machine, "verify", "--man=no", "--recursive-errors=yes", *SERVICES, "console.target")
    assert (found.returncode, found.stderr) == (0, "")


def test_a_misspelt_setting_would_be_found(machine: Path) -> None:
    unit = machine / "console-web@.service"
    unit.write_text(unit.read_text().replace("RestartSec=", "RestartSecs="))
    assert "RestartSecs" in _analyze(machine, "verify", "--man=no", SERVICES[1]).stderr


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_reaches_little(machine: Path, service: str) -> None:
    found = _analyze(machine, "security", "--offline=true", "--no-pager", f"--threshold={MOST_EXPOSED}", service)
    assert found.returncode == 0, found.stdout
