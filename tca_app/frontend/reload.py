"""Reloads under `reflex run`: Reflex compiles the pages that are made of a changed file, instead of all."""

import json
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import reflex as rx
from reflex.compiler import compiler, utils
from reflex.compiler.plugins import default_page_plugins
from reflex.utils import path_ops
from reflex.utils.prerequisites import get_web_dir
from reflex_base.components.component import evaluate_style_namespaces
from reflex_base.config import get_config
from reflex_base.constants import NOCOMPILE_FILE
from reflex_base.plugins import CompileContext, CompilerHooks

from tca_app.frontend.build import ROOT, SCREENS, SOURCES, WEB, sources_hash
from tca_app.frontend.made_of import Source, is_screen, made_of, module_file, read_sources
from tca_app.frontend.steady_pages import steady

COMPILED = "tca-compiled.json"
SKIP_COMPILE = "__REFLEX_SKIP_COMPILE"
APP = "tca_app/tca_app.py"
# What the pages put around the whole application. Another one changes the script that all pages share.
WRAPS = {"StateProvider", "EventLoopProvider", "RadixThemesColorModeProvider", "Theme"}


@contextmanager
def compiling_changed_pages(app: rx.App, run: str, root: Path = ROOT, web: Path = WEB) -> Iterator[None]:
    """Compile the changed pages of this `run` and make Reflex skip its compiler, unless all pages may have changed."""
    (web / NOCOMPILE_FILE).unlink(missing_ok=True)  # by which Reflex skips the compiler once, whatever has changed
    pages = app._unevaluated_pages
    others = tuple(pattern for pattern in SOURCES if pattern not in SCREENS)
    base = f"{run} {sources_hash(root, others)} {sorted(pages)}"
    before, known = _compiled(web / COMPILED)
    files = read_sources(root, known)
    if before == base:
        changed = {name for name in files.keys() | known.keys() if files.get(name) != known.get(name)}
        modules = {route: page.component.__module__ for route, page in pages.items()}
        routes = changed_pages(modules, changed, files, root)
        if routes is not None and compile_pages(app, [pages[route] for route in routes]):
            os.environ[SKIP_COMPILE] = "true"
    yield
    (web / COMPILED).write_text(json.dumps([base, {name: asdict(source) for name, source in files.items()}]))


def _compiled(path: Path) -> tuple[str, dict[str, Source]]:
    """Return what the pages were last compiled of."""
    try:
        base, files = json.loads(path.read_text())
    except (OSError, ValueError):
        return "", {}
    return base, {name: Source(**source) for name, source in files.items()}


def changed_pages(
    modules: Mapping[str, str], changed: Collection[str], files: Mapping[str, Source], root: Path
) -> list[str] | None:
    """Return the routes that an edit of the `changed` files changes, or None when it may change all of them.

    `modules` are those of the pages, by route. A file of a screen that no page is made of may change all pages.
    """
    made = {module: made_of([module_file(root, module)], files) for module in modules.values()}
    starts = {module_file(root, module) for module in made}
    frame = made_of([name for name in files[APP].uses if is_screen(name) and name not in starts], files)
    known = frame.union(*made.values())
    if any(name in frame or (is_screen(name) and name not in known) for name in changed):
        return None
    return [route for route, module in modules.items() if not made[module].isdisjoint(changed)]


def compile_pages(app: rx.App, pages: Sequence[Any]) -> bool:
    """Compile all pages of some modules, as Reflex would. Returns False when more than their own scripts change."""
    if not pages:
        return True
    plugins, radix = compiler._resolve_radix_themes_plugin(app, get_config().plugins)
    style = evaluate_style_namespaces(app.style)
    hooks = CompilerHooks(plugins=default_page_plugins(style=style, plugins=plugins))
    with CompileContext(app=app, pages=pages, hooks=hooks) as context:
        context.compile()
    scripts, imports = compiler.compile_memo_components(context.auto_memo_components.values())
    wraps = {name for _, name in context.app_wrap_components}
    libraries = {app._get_frontend_package_name(name) for name in (*imports, *context.all_imports)} - {None}
    if context.stateful_routes or wraps - WRAPS or not all(_is_installed(str(name)) for name in libraries):
        return False
    scripts += [(page.output_path or "", steady(page.output_code or "")) for page in context.compiled_pages.values()]
    for path, code in (*scripts, compiler.compile_contexts(app._state, radix.get_theme())):
        path_ops.write_file(utils.resolve_path_of_web_dir(path), code)
    return True


def _is_installed(package: str) -> bool:
    """Tell whether npm has installed a package, of which the name may end with a version."""
    return (get_web_dir() / "node_modules" / (package[0] + package[1:].partition("@")[0])).is_dir()
