"""Post-processes the build of Reflex: relocatable URLs, purged styles, CSP script hashes and compressed files."""

import base64
import gzip
import hashlib
import json
import re
import shutil
import subprocess
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from pathlib import Path

import brotli

from tca_app.config.fonts import FONT_FILES
from tca_app.config.schema import Settings
from tca_app.core.language.messages import LANGUAGES
from tca_app.frontend.languages import TITLE_JOINT, add_languages

SCRIPT_HASHES = "csp-hashes.json"
PAGES_IN_LANGUAGES = tuple(f".{name}" for name in LANGUAGES)  # login.html.de
COMPRESSED = (".js", ".css", ".html", ".json", ".svg", ".txt", ".webmanifest", ".ico", ".map", *PAGES_IN_LANGUAGES)
FONT = "inter-latin-wght-normal-*.woff2"
COPIES = (".br", ".gz")
MIN_COMPRESSED_BYTES = 512  # bytes; compressing a smaller file saves nothing

# Reflex treats a backend on these hosts as local to the page, and drops its port when the page uses TLS.
_SAME_DOMAIN = re.compile(r"SAME_DOMAIN_HOSTNAMES\s*=\s*\[[^\[\]]*0:0:0:0:0:0:0:0[^\[\]]*\]")
_ADDRESS = re.compile(r"[\"'`](http|ws)s?://[^\"'`/]+(/[^\"'`]*)[\"'`]")


class BundleError(Exception):
    """The build does not look as expected. The text is one line for a person."""


def finish(client: Path, palettes: Iterable[str]) -> None:
    """Post-process `.web/build/client` in place. `palettes` are the Radix colours that the pages use."""
    make_relocatable(client)
    _run_node("scripts", client)
    shrink_styles(client, palettes)
    preload_font(client)
    name_fonts(client)
    name_not_found(client)
    write_script_hashes(client)
    add_languages(client)
    compress(client)


def make_relocatable(client: Path) -> None:
    """Make the page connect to its own origin. Reflex compiles in the URL of the build machine."""
    scripts = list((client / "assets").glob("reflex-env-*.js"))
    if len(scripts) != 1:
        raise BundleError(f"expected one reflex-env script in the build, found {len(scripts)}")
    text, count = _ADDRESS.subn(_relative, scripts[0].read_text())
    if not count or "://" in text.replace("location.origin", ""):
        raise BundleError(f"{scripts[0].name} names its backend in a way that is not known")
    scripts[0].write_text(text)
    _keep_ports(client)


def _keep_ports(client: Path) -> None:
    """Keep the browser from changing the URL, which is already the page's origin with its port."""
    scripts = [path for path in (client / "assets").glob("*.js") if _SAME_DOMAIN.search(path.read_text())]
    if len(scripts) != 1:
        raise BundleError(f"expected one script with the names of this machine in the build, found {len(scripts)}")
    scripts[0].write_text(_SAME_DOMAIN.sub("SAME_DOMAIN_HOSTNAMES=[]", scripts[0].read_text()))
    _rename(client, scripts)


def _relative(address: re.Match[str]) -> str:
    origin = 'location.origin.replace(/^http/,"ws")' if address.group(1) == "ws" else "location.origin"
    return f'{origin}+"{address.group(2)}"'


def shrink_styles(client: Path, palettes: Iterable[str]) -> None:
    """Purge the stylesheets and rename them and every reference, because hashed names are cached forever.

    `palettes` are the Radix colours that the pages use. PurgeCSS comes from the node_modules of the build.
    """
    _rename(client, [Path(name) for name in _run_node("purge", client, *palettes)])


def preload_font(client: Path) -> None:
    """Make every page fetch its font at once. Otherwise the browser asks for it when the styles are there."""
    fonts = [path.name for path in (client / "assets").glob(FONT)]
    if len(fonts) != 1:
        raise BundleError(f"expected one {FONT} in the build, found {len(fonts)}")
    link = f'<link rel="preload" as="font" type="font/woff2" crossorigin="" href="/assets/{fonts[0]}"/>'
    for page in client.rglob("*.html"):
        page.write_text(page.read_text().replace("</head>", f"{link}</head>", 1))


def name_fonts(client: Path) -> None:
    """Give the fonts a lasting name besides, for pages that are not part of the build."""
    for name, url in FONT_FILES.items():
        fonts = list((client / "assets").glob(f"{name}-*.woff2"))
        if len(fonts) != 1:
            raise BundleError(f"expected one {name} in the build, found {len(fonts)}")
        named = client / url.lstrip("/")
        named.parent.mkdir(exist_ok=True)
        shutil.copyfile(fonts[0], named)


def name_not_found(client: Path) -> None:
    """Give the page for unknown URLs a title. Reflex writes the shell there, whose title a script sets later."""
    page, title = client / "404.html", f"Page not found{TITLE_JOINT}{Settings.model_fields['app_name'].default}"
    page.write_text(page.read_text().replace("</head>", f"<title>{title}</title></head>", 1))


def _run_node(script: str, client: Path, *words: str) -> list[str]:
    """Run one of the scripts beside this file with the node_modules of the build, and return the lines it prints."""
    command = ["node", str(Path(__file__).with_name(f"{script}.mjs")), str(client), *words]
    done = subprocess.run(command, cwd=client.parent.parent, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BundleError(f"{script}.mjs failed:\n{done.stderr.strip()}")
    return done.stdout.splitlines()


def _rename(client: Path, changed: list[Path]) -> None:
    """Give the changed files, and transitively the files that reference them, new hashed names."""
    if not changed:
        return
    tag = hashlib.sha256(b"".join(path.read_bytes() for path in changed)).hexdigest()[:8]
    texts = {path: path.read_text() for path in client.rglob("*") if path.suffix in (".js", ".css", ".html")}
    assets = [path for path in texts if path.parent.name == "assets"]
    affected = {path.name for path in changed}
    while more := {p.name for p in assets if p.name not in affected and any(name in texts[p] for name in affected)}:
        affected |= more
    renamed = {name: f"{Path(name).stem}.{tag}{Path(name).suffix}" for name in affected}
    pattern = re.compile("|".join(re.escape(name) for name in sorted(renamed, key=len, reverse=True)))
    for path, text in texts.items():
        path.write_text(pattern.sub(lambda match: renamed[match.group()], text))
        if path in assets and path.name in renamed:
            path.rename(path.with_name(renamed[path.name]))


class _InlineScripts(HTMLParser):
    """Collects the text of inline scripts, exactly as a browser hashes it."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.texts: list[str] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "script" and "src" not in dict(attrs):
            self._inside = True
            self.texts.append("")

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.texts[-1] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "script":
            self._inside = False


def script_hashes(html: str) -> list[str]:
    """Return the CSP sources ('sha256-…') of the inline scripts of a page, sorted and unique."""
    parser = _InlineScripts()
    parser.feed(html)
    parser.close()
    digests = {base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in parser.texts}
    return sorted(f"'sha256-{digest}'" for digest in digests)


def write_script_hashes(client: Path) -> None:
    """Write `.web/csp-hashes.json`: the script hashes by path of each page."""
    pages = {path.relative_to(client).as_posix(): script_hashes(path.read_text()) for path in client.rglob("*.html")}
    if not pages:
        raise BundleError("the build has no pages")
    (client.parent.parent / SCRIPT_HASHES).write_text(json.dumps(pages, indent=1, sort_keys=True))


def compress(client: Path) -> None:
    """Write a brotli and a gzip file beside every file that shrinks, replacing earlier ones."""
    files = []
    for path in client.rglob("*"):
        if path.suffix in COPIES:
            path.unlink()
        elif path.suffix in COMPRESSED and path.stat().st_size >= MIN_COMPRESSED_BYTES:
            files.append(path)
    with ThreadPoolExecutor() as pool:  # both libraries release the GIL
        list(pool.map(_write_copies, sorted(files, key=lambda path: -path.stat().st_size)))


def _write_copies(path: Path) -> None:
    data = path.read_bytes()
    path.with_name(path.name + ".br").write_bytes(brotli.compress(data, quality=11))
    path.with_name(path.name + ".gz").write_bytes(gzip.compress(data, 9, mtime=0))
