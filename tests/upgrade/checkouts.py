"""Two versions of the console in folders of their own: an earlier commit, and this one with another migration."""

import io
import shutil
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path

from tests.processes import ROOT, inherited

NEXT_REVISION = "209901010000"
# So that there is something to migrate whichever commit is upgraded from.
NEXT_MIGRATION = f"""
import sqlalchemy as sa
from alembic import op

revision = "{NEXT_REVISION}"
down_revision = "{{before}}"
contracts = False


def upgrade() -> None:
    op.add_column("projects", sa.Column("upgrade_test", sa.Text(), server_default="", nullable=False))


def downgrade() -> None:
    op.drop_column("projects", "upgrade_test")
"""


class NoHistory(Exception):
    """The clone does not have the commit."""


@dataclass(frozen=True)
class Checkout:
    """A folder with a version, and the Python that has its libraries."""

    root: Path
    python: str

    def command(self, *words: str, **settings: str) -> str:
        """Run a command of this version; what it printed."""
        done = subprocess.run(
            [self.python, "-m", "tca_app", *words],
            cwd=self.root,
            env=inherited() | settings,
            capture_output=True,
            text=True,
            timeout=900,  # of a build on a busy machine
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


def earlier(commit: str, folder: Path) -> Checkout:
    """Raises NoHistory."""
    archived = subprocess.run(["git", "archive", commit], cwd=ROOT, capture_output=True, check=False)
    if archived.returncode:
        raise NoHistory(archived.stderr.decode().strip())
    with tarfile.open(fileobj=io.BytesIO(archived.stdout)) as tar:
        tar.extractall(folder, filter="data")
    _take_pages(folder)
    return Checkout(folder, _python(folder))


def this_one(folder: Path, head: str) -> Checkout:
    """As it is in this folder, changes that are not committed included."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    (folder / "alembic" / "versions" / f"{NEXT_REVISION}_next.py").write_text(NEXT_MIGRATION.format(before=head))
    _take_pages(folder)
    return Checkout(folder, sys.executable)


def _take_pages(folder: Path) -> None:
    """Copy the built pages of this checkout. A version with other sources builds its own."""
    if (ROOT / ".web" / "build").is_dir():
        for part in ("build", "backend"):
            shutil.copytree(ROOT / ".web" / part, folder / ".web" / part)
        for path in (ROOT / ".web").glob("*.json"):
            shutil.copy2(path, folder / ".web")
        asked = "from tca_app.frontend.build import is_built; raise SystemExit(not is_built())"
        if subprocess.run([sys.executable, "-c", asked], cwd=folder, check=False).returncode:
            shutil.rmtree(folder / ".web")  # to build it, Reflex needs all of the folder or none


def _python(folder: Path) -> str:
    """This Python, unless the version needs other libraries."""
    names = ("requirements.txt", "requirements.lock")
    if all((folder / name).is_file() and (folder / name).read_bytes() == (ROOT / name).read_bytes() for name in names):
        return sys.executable
    subprocess.run([sys.executable, "-m", "venv", folder / ".venv"], check=True)
    python = str(folder / ".venv" / "bin" / "python")
    subprocess.run([python, "-m", "pip", "install", "-q", "-r", folder / "requirements.txt"], check=True)
    return python
