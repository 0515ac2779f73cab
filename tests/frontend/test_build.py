"""The built front end: when it is built, how it is processed, and how it is served."""

import base64
import gzip
import hashlib
import json
import os
import re
import shutil
import struct
from collections.abc import Callable
from pathlib import Path

import brotli
import httpx
import pytest
import typer

from tca_app.config import build_name
from tca_app.config.fonts import FONT_FILES
from tca_app.config.settings import VERSION, get_settings
from tca_app.core.security.tokens import cookie_name
from tca_app.frontend import build
from tca_app.frontend.bundle import (
    BundleError,
    compress,
    make_relocatable,
    name_fonts,
    name_not_found,
    preload_font,
    script_hashes,
    shrink_styles,
)
from tca_app.frontend.lean_scripts import with_icons, without_all_of_radix
from tca_app.frontend.live_socket import changed
from tca_app.frontend.static_files import FrontendFiles
from tca_app.server.commands.faults import plain_faults
from tca_app.ui.theme import PALETTES

ENV = (
    "var e={PING:`http://localhost:8000/ping`,EVENT:`ws://localhost:8000/_event`,TRANSPORT:`websocket`};export{e as t};"
)


MAX_FONT_BYTES = 50_000

# When it is built


FILES = {
    "tca_app/features/users/ui/pages.py": "from tca_app.features.users.service import find",
    "tca_app/features/users/service.py": "from tca_app.core.database import session\nfrom tca_app.models import user\n"
    "KINDS = user.KINDS\nasync def find(): return session",
    "tca_app/ui/theme.py": "1",
    "tca_app/models/user.py": "KINDS = 1",
    "tca_app/core/database/session.py": "1",
    "assets/logo.svg": "1",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A small project, built."""
    for name, content in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    web = tmp_path / ".web"
    (web / "build/client").mkdir(parents=True)
    assert not build.is_built(web, tmp_path)
    (web / build.STAMP).write_text(json.dumps(build.new_stamp(tmp_path)))
    assert not build.is_built(web, tmp_path), "the pages are missing"
    (web / "build/client/404.html").write_text("")
    assert build.is_built(web, tmp_path)
    return tmp_path


# The words of npm 11 when nothing listens at the address of the registry.
_NO_REGISTRY = """\
npm warn Unknown user config "nodedir".
npm error code ECONNREFUSED
npm error syscall connect
npm error FetchError: request to http://127.0.0.1:9/left-pad failed, reason: connect ECONNREFUSED 127.0.0.1:9
npm error     at ClientRequest.emit (node:events:509:28)
npm error A complete log of this run can be found in: /root/.npm/_logs/debug-0.log"""


def _with_npm_that_says(words: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Puts an npm first in the PATH that fails with these words, and a builder in place of Reflex that calls it."""
    for name, content in (("npm", f"cat <<'END'\n{words}\nEND\nexit 1"), ("builder", "npm install 1>&2 || exit 1")):
        (folder / name).write_text(f"#!/bin/sh\n{content}\n")
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setattr("sys.executable", str(folder / "builder"))


def test_without_a_package_registry_a_build_fails_with_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _with_npm_that_says(_NO_REGISTRY, tmp_path, monkeypatch)
    monkeypatch.setenv("NPM_CONFIG_REGISTRY", "https://somebody:hidden-word@npm.example.com/registry/")
    with pytest.raises(typer.Exit) as ended, plain_faults():
        build._run_builder("abc")
    assert ended.value.exit_code == 1
    assert capsys.readouterr().err.splitlines() == [
        "the front end could not be built: the package registry npm.example.com is unreachable (ECONNREFUSED). "
        "Check the network, or set NPM_CONFIG_REGISTRY to a registry that this machine reaches"
    ]


def test_another_fault_of_a_build_comes_with_its_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _with_npm_that_says("npm error code ENOSPC\nnpm error no space left", tmp_path, monkeypatch)
    with pytest.raises(BundleError, match="no space left"):
        build._run_builder("abc")


@pytest.mark.parametrize("name", sorted(FILES.keys() - {"tca_app/core/database/session.py"}))
def test_a_changed_source_asks_for_a_new_build(project: Path, name: str) -> None:
    (project / name).write_text("2")
    assert not build.is_built(project / ".web", project)


def test_a_change_that_no_page_shows_does_not(project: Path) -> None:
    (project / "tca_app/core/database/session.py").write_text("2")
    assert build.is_built(project / ".web", project)


def test_a_moved_source_asks_for_a_new_build(project: Path) -> None:
    (project / "assets/logo.svg").rename(project / "assets/mark.svg")
    assert not build.is_built(project / ".web", project)


@pytest.mark.parametrize("stamp", ["{", "{}", '{"sources": "x"}'])
def test_a_stamp_that_says_too_little_asks_for_a_new_build(project: Path, stamp: str) -> None:
    (project / ".web" / build.STAMP).write_text(stamp)
    assert not build.is_built(project / ".web", project)


def test_the_process_knows_the_name_of_the_pages_that_it_serves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(build_name.VARIABLE, "")
    (tmp_path / build.STAMP).write_text(json.dumps({"sources": "a" * 64}))
    build.name_build(tmp_path)
    assert build_name.build_name() == "a" * 12


def test_an_image_with_other_pages_says_so_instead_of_building(
    project: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """An image has no Node."""
    monkeypatch.setattr(build, "is_built", lambda *_args, **_named: False)
    monkeypatch.setattr(build, "find_spec", lambda _name: None)
    with pytest.raises(BundleError, match="build the image anew"):
        build.ensure_built(tmp_path)


def test_node_and_npm_come_from_the_package_whatever_the_system_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setenv("NPM_CONFIG_REGISTRY", "http://localhost:9/")
    build.prepare_environment(tmp_path)
    build.prepare_environment(tmp_path)
    assert shutil.which("node") == str(tmp_path / "node" / "node")
    assert shutil.which("npm") == str(tmp_path / "node" / "npm")


# Any address


SOCKETS = "const a=1,SAME_DOMAIN_HOSTNAMES=[`localhost`,`0.0.0.0`,`::`,`0:0:0:0:0:0:0:0`],b=[2];"


def test_the_bundle_keeps_the_port_of_its_address_under_every_name(tmp_path: Path) -> None:
    """By TLS on localhost:8443 Reflex' own script would connect to port 443."""
    assets = tmp_path / "assets"
    assets.mkdir()
    (assets / "reflex-env-abc.js").write_text(ENV)
    (assets / "context-abc.js").write_text(SOCKETS)
    (assets / "page-abc.js").write_text('import"./context-abc.js"')
    make_relocatable(tmp_path)
    [script] = assets.glob("context-abc*.js")
    assert script.read_text() == "const a=1,SAME_DOMAIN_HOSTNAMES=[],b=[2];"
    assert script.name != "context-abc.js", "what has changed needs a name that no browser has seen"
    assert [script.name in page.read_text() for page in assets.glob("page-*.js")] == [True]


def test_the_bundle_talks_to_the_address_that_it_came_from(tmp_path: Path) -> None:
    (tmp_path / "assets").mkdir()
    script = tmp_path / "assets" / "reflex-env-abc.js"
    script.write_text(ENV)
    (tmp_path / "assets" / "context-abc.js").write_text(SOCKETS)
    make_relocatable(tmp_path)
    assert "localhost" not in script.read_text()
    assert 'PING:location.origin+"/ping"' in script.read_text()
    assert 'EVENT:location.origin.replace(/^http/,"ws")+"/_event"' in script.read_text()


def test_a_bundle_of_an_unknown_form_is_refused(tmp_path: Path) -> None:
    (tmp_path / "assets").mkdir()
    with pytest.raises(BundleError, match="found 0"):
        make_relocatable(tmp_path)
    (tmp_path / "assets" / "reflex-env-abc.js").write_text("var e={EVENT:atob(`d3M6Ly8=`)}")
    with pytest.raises(BundleError, match="not known"):
        make_relocatable(tmp_path)
    (tmp_path / "assets" / "reflex-env-abc.js").write_text(ENV)
    with pytest.raises(BundleError, match="names of this machine"):
        make_relocatable(tmp_path)


# The stylesheet


@pytest.fixture(scope="module")
def client() -> Path:
    """The real build; the browser tests need it too, so it is made once for all."""
    build.ensure_built(get_settings().data_dir)
    return build.WEB / "build" / "client"


def test_the_stylesheet_has_the_components_and_colours_that_pages_show_and_no_others(client: Path) -> None:
    [sheet] = (client / "assets").glob("*.css")
    css = sheet.read_text()
    for used in (".rt-BaseMenuContent", ".rt-r-size-2", ".badge", *(f"--{name}-9" for name in PALETTES)):
        assert used in css
    for unused in ("md\\:rt-r-", "--tomato-9", "--teal-a3"):
        assert unused not in css
    built = "".join(path.read_text() for path in client.rglob("*") if path.suffix in (".js", ".html"))
    assert set(re.findall(r"\.(rt-[A-Z]\w+)", css)) <= set(re.findall(r"[\w-]+", built))
    declared, used_names = set(re.findall(r"(--[\w-]+):", css)), set(re.findall(r"var\((--(?:red|slate)-[\w]+)", css))
    assert used_names
    assert used_names <= declared


def test_no_change_of_a_page_has_its_root_styled_anew(client: Path) -> None:
    [sheet] = (client / "assets").glob("*.css")
    root = r"(?:^|[,{}\s])(?::root|html|body)[\w\[\]=\"-]*(?::where\()?:has\("
    assert re.findall(root, sheet.read_text()) == []


def test_the_purged_stylesheet_has_a_new_name_wherever_it_is_named(client: Path) -> None:
    [sheet] = (client / "assets").glob("*.css")
    named = {
        name
        for path in client.rglob("*")
        if path.suffix in (".js", ".html")
        for name in re.findall(r"[\w.-]+\.css", path.read_text())
    }
    assert sheet.name in named
    assert {name for name in named if name.startswith("__reflex_global_styles")} == {sheet.name}


def test_a_stylesheet_that_cannot_be_purged_ends_the_build(tmp_path: Path) -> None:
    (tmp_path / "build" / "client").mkdir(parents=True)
    with pytest.raises(BundleError, match=r"purge\.mjs failed"):
        shrink_styles(tmp_path / "build" / "client", PALETTES)


# Scripts, fonts and compressed files


def test_the_frame_is_in_the_page_and_nothing_that_only_some_may_see(client: Path) -> None:
    html = (client / "dashboard" / "index.html").read_text()
    assert 'aria-label="Main"' in html
    assert 'href="/projects"' in html
    assert 'href="/users"' not in html
    assert VERSION not in html


def test_a_page_asks_for_its_font_at_once(client: Path) -> None:
    pages = list(client.rglob("*.html"))
    assert pages
    for page in pages:
        [url] = re.findall(r'<link rel="preload" as="font"[^>]* href="/([^"]+)"', page.read_text())
        assert (client / url).is_file()
        assert (client / url).stat().st_size <= MAX_FONT_BYTES


def test_the_pages_of_the_server_find_the_font(client: Path) -> None:
    for url in FONT_FILES.values():
        assert (client / url.lstrip("/")).read_bytes().startswith(b"wOF2")


@pytest.mark.parametrize("step", [preload_font, name_fonts])
def test_a_build_without_the_font_is_refused(tmp_path: Path, step: Callable[[Path], None]) -> None:
    with pytest.raises(BundleError, match="expected one inter-latin"):
        step(tmp_path)


def test_the_icons_of_several_pages_are_one_script(client: Path) -> None:
    page = (client / "dashboard" / "index.html").read_text()
    assert len(re.findall(r'modulepreload" href="/assets/icons-', page)) == 1
    assert len(re.findall(r'rel="modulepreload"', page)) < 20


def test_settings_of_vite_in_another_form_are_refused() -> None:
    with pytest.raises(ValueError, match="has no groups"):
        with_icons("export default {}")


def test_a_script_of_reflex_in_another_form_is_refused() -> None:
    with pytest.raises(ValueError, match="has another form"):
        changed("app/entry.client.js", "export const connect = 1", {"startTransition": ""})


def test_the_live_connection_is_opened_by_the_head_and_taken_by_the_scripts(client: Path) -> None:
    [script] = [text for path in (client / "assets").glob("*.js") if "liveConnection" in (text := path.read_text())]
    assert all(name in script for name in ("queued-events", "sent-event"))
    assert '"/users/":"person_id"' in re.sub(r"\s", "", script).replace("`", '"')
    for page in (client / "login/index.html", client / "users/index.html"):
        assert page.read_text().count("window.earlySocket =") == 1


def test_components_of_radix_that_no_page_shows_are_left_out(client: Path) -> None:
    scripts = "".join(path.read_text() for path in (client / "assets").glob("*.js"))
    assert "rt-BaseMenuContent" in scripts
    assert "rt-TextAreaRoot" not in scripts
    assert "rt-TextAreaRoot" not in "".join(path.read_text() for path in (client / "assets").glob("*.css"))


def test_a_root_in_another_form_is_refused() -> None:
    with pytest.raises(ValueError, match="does not import all of Radix"):
        without_all_of_radix("export default {}")


def test_the_scripts_are_one_file(client: Path) -> None:
    [script] = (client / "console").rglob("*.js")
    text = script.read_text()
    assert script.name == "main.js"
    assert not re.search(r"\bimport\s*[\"'`{(]", text)
    assert "data-palette" in text


def test_inline_scripts_are_hashed_as_a_browser_does() -> None:
    text = '\nif (a && b < c) { d("&amp;") }\n'
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    html = (
        f'<script src="/x.js"></script><script type="module" async="">{text}</script><p>text</p><script>{text}</script>'
    )
    assert script_hashes(html) == [f"'sha256-{digest}'"]


def test_copies_are_made_anew_for_every_file_that_gains(tmp_path: Path) -> None:
    (tmp_path / "big.js").write_text("let a = 1;" * 200)
    (tmp_path / "big.js.gz").write_bytes(b"old")
    (tmp_path / "gone.js.br").write_bytes(b"old")
    (tmp_path / "tiny.js").write_text("1")
    compress(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"big.js", "big.js.br", "big.js.gz", "tiny.js"}
    assert gzip.decompress((tmp_path / "big.js.gz").read_bytes()) == (tmp_path / "big.js").read_bytes()
    assert brotli.decompress((tmp_path / "big.js.br").read_bytes()) == (tmp_path / "big.js").read_bytes()


def test_the_page_for_unknown_urls_has_a_title(tmp_path: Path) -> None:
    for name in ("404.html", "__spa-fallback.html"):
        (tmp_path / name).write_text("<head></head><body></body>")
    name_not_found(tmp_path)
    title = "<title>Page not found · TCA InfraForge</title>"
    assert (tmp_path / "404.html").read_text() == f"<head>{title}</head><body></body>"
    assert "title" not in (tmp_path / "__spa-fallback.html").read_text()


# Serving


@pytest.fixture
def web(tmp_path: Path) -> Path:
    client = tmp_path / "build" / "client"
    (client / "assets").mkdir(parents=True)
    (client / "login").mkdir()
    (client / "assets" / "app-a1.js").write_text("let a = 1;" * 200)
    (client / "index.html").write_text("home")
    (client / "login.html").write_text("sign in")
    (client / "login" / "index.html").write_text("sign in")
    (client / "__spa-fallback.html").write_text("shell")
    (client / "404.html").write_text("not found")
    (client / "favicon.ico").write_bytes(b"icon")
    compress(client)
    hashes = {path.relative_to(client).as_posix(): ["'sha256-abc='"] for path in client.rglob("*.html")}
    (tmp_path / "csp-hashes.json").write_text(json.dumps(hashes))
    (tmp_path / "routes.json").write_text(json.dumps(["index", "login", "users/[id]", "groups/[id]", "404"]))
    return tmp_path


@pytest.fixture
async def browser(web: Path):  # type: ignore[no-untyped-def]
    async def reflex(scope, receive, send) -> None:  # type: ignore[no-untyped-def]
        await send({"type": "http.response.start", "status": 299, "headers": []})
        await send({"type": "http.response.body", "body": b"reflex"})

    transport = httpx.ASGITransport(FrontendFiles(reflex, web, lambda route: route == "groups/[id]"))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client


@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        ("/", 200, "home"),
        ("/login", 200, "sign in"),
        ("/login/", 200, "sign in"),
        ("/users/7", 200, "shell"),
        ("/404", 404, "not found"),
        ("/nothing", 404, "not found"),
        ("/index", 200, "home"),
        ("/../csp-hashes.json", 404, "not found"),
        ("/%2e%2e/csp-hashes.json", 404, "not found"),
        ("/%00", 404, "not found"),
        ("/" + "a" * 300, 404, "not found"),
        ("/_event", 299, "reflex"),
        ("/ping", 299, "reflex"),
        ("/favicon.ico", 200, "icon"),
    ],
)
async def test_pages_answer_at_once_with_an_honest_status(
    browser: httpx.AsyncClient, path: str, status: int, text: str
) -> None:
    answer = await browser.get(path)
    assert (answer.status_code, answer.text) == (status, text)


async def test_a_browser_without_a_session_is_led_from_its_page_to_the_sign_in_page(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/groups/7/?q=a%20b&page=2")
    login = "/login?next=/groups/7/%3Fq%3Da%2520b%26page%3D2"
    assert (answer.status_code, answer.headers["location"], answer.content) == (302, login, b"")
    assert answer.headers["cache-control"] == "no-store"
    assert (await browser.get("/groups/7", headers={"cookie": f"{cookie_name()}=any"})).text == "shell"


async def test_the_icon_of_the_console_is_an_image(browser: httpx.AsyncClient) -> None:
    assert (await browser.get("/favicon.ico")).headers["content-type"].startswith("image/")
    icon = (Path(__file__).parents[2] / "assets" / "favicon.ico").read_bytes()
    reserved, kind, count = struct.unpack_from("<HHH", icon)
    assert (reserved, kind, count) == (0, 1, 3)
    for number in range(count):
        size, start = struct.unpack_from("<II", icon, 6 + 16 * number + 8)
        assert icon[start : start + size].startswith(b"\x89PNG")


async def test_assets_are_cached_for_good_and_pages_never(browser: httpx.AsyncClient) -> None:
    assert "immutable" in (await browser.get("/assets/app-a1.js")).headers["cache-control"]
    page = await browser.get("/login")
    assert page.headers["cache-control"] == "no-cache"
    again = await browser.get("/login", headers={"if-none-match": page.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["content-security-policy"] == page.headers["content-security-policy"], "it replaces the first"


@pytest.mark.parametrize(
    ("accepts", "encoding"),
    [
        ("gzip, deflate, br", "br"),
        ("gzip", "gzip"),
        ("identity", None),
        ("br;q=0, gzip", "gzip"),
        ("*", "br"),
        ("", None),
    ],
)
async def test_the_smallest_copy_that_the_browser_takes_is_sent(
    browser: httpx.AsyncClient, accepts: str, encoding: str | None
) -> None:
    answer = await browser.get("/assets/app-a1.js", headers={"accept-encoding": accepts})
    assert answer.headers.get("content-encoding") == encoding
    assert answer.headers["vary"] == "Accept-Encoding"
    assert answer.text == "let a = 1;" * 200


async def test_a_page_allows_its_own_inline_scripts_only(browser: httpx.AsyncClient) -> None:
    policy = (await browser.get("/login")).headers["content-security-policy"]
    scripts = next(part for part in policy.split("; ") if part.startswith("script-src"))
    assert "'sha256-abc='" in scripts
    assert "'unsafe-inline'" not in scripts
    assert "'unsafe-eval'" not in scripts
    assert "frame-ancestors 'none'" in policy


async def test_files_are_only_read(browser: httpx.AsyncClient) -> None:
    head = await browser.head("/login")
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", "7")
    refused = await browser.post("/login")
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD")
