"""Debian's nginx in front of replicas, with the settings of deploy/nginx.conf."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.processes import ROOT, end_process

TEMPLATE = ROOT / "deploy" / "nginx.conf"


@contextmanager
def nginx(port: int, upstreams: Sequence[str]) -> Iterator[Path]:
    """Run it in front of the ports of two replicas; only the addresses differ from the template. Yields its folder."""
    # Not pytest's own folder: nginx' workers give up root, and have to pass through.
    home = Path(tempfile.mkdtemp(prefix="tca-nginx-"))
    home.chmod(0o711)
    text = TEMPLATE.read_text()
    for placed, own in zip(("8080", "8001", "8002"), (str(port), *upstreams), strict=True):
        assert f"127.0.0.1:{placed}" in text
        text = text.replace(f"127.0.0.1:{placed}", f"127.0.0.1:{own}")
    (home / "nginx.conf").write_text(text)
    command = [_program(), "-p", str(home), "-c", str(home / "nginx.conf"), "-g", "daemon off;"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        yield home
    finally:
        end_process(process, 10)
        shutil.rmtree(home, ignore_errors=True)


def _program() -> str:
    found = subprocess.run([ROOT / ".ci" / "nginx"], capture_output=True, text=True, check=False)
    if found.returncode:
        raise RuntimeError(found.stderr.strip())
    return found.stdout.strip()
