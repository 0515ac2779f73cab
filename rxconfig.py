"""Reflex' settings, from the console's own. `reflex run` also gets its stores from here, once, in its main process."""

import gc
import os
import sys
from pathlib import Path

import reflex as rx

from tca_app.config.settings import ConfigError, get_settings
from tca_app.frontend.build import prepare_environment
from tca_app.frontend.lean_scripts import LeanScripts
from tca_app.frontend.live_socket import LiveSocket
from tca_app.frontend.steady_pages import SteadyPages
from tca_app.server.development import MAIN_PROCESS, adopt_ports, serve_pages_on, start_stores
from tca_app.ui.theme import radix_theme

program = Path(sys.argv[0])
words = sys.argv[1:] if "reflex" in (program.stem, program.parent.name) else []
is_main = "run" in words and MAIN_PROCESS not in os.environ
if is_main or "export" in words:
    gc.disable()  # importing and compiling leave no garbage, and looking for it takes a third of the time

try:
    if is_main:
        os.environ[MAIN_PROCESS] = str(os.getpid())  # workers inherit it, and collect garbage when they serve
        prepare_environment(get_settings().data_dir)
        start_stores()
    adopt_ports()
    settings = get_settings()
    serve_pages_on(settings.host)
except ConfigError as error:
    sys.exit("\n".join(error.faults))

config = rx.Config(
    app_name="tca_app",
    backend_host=settings.host,
    # A port that is not set may be another one when it is taken; one that is set may not.
    backend_port=settings.port if "port" in settings.model_fields_set else None,
    cors_allowed_origins=settings.allowed_origins,
    trusted_proxy_hops=settings.trusted_proxy_hops,
    # One process holds the state; who signs in and what they see is read again from PostgreSQL anyway.
    state_manager_mode=rx.constants.StateManagerMode.MEMORY,
    telemetry_enabled=False,
    show_built_with_reflex=False,
    frontend_lazy_bundled_libraries=True,
    frontend_packages=[
        "purgecss@8.0.0",  # takes out of the stylesheet what no page uses (tca_app/frontend/bundle.py)
        "@fontsource-variable/inter@5.3.0",
    ],
    plugins=[rx.plugins.RadixThemesPlugin(theme=radix_theme()), LeanScripts(), LiveSocket(), SteadyPages()],
    disable_plugins=[rx.plugins.SitemapPlugin],
)
