"""Reflex' settings, from the console's own. `reflex run` also gets its stores from here, once, in its main process."""

import gc
import os
import sys
from pathlib import Path

import reflex as rx

from tca_app.config.settings import ConfigError, get_settings
from tca_app.frontend.build import prepare_environment
from tca_app.frontend.lean_scripts import LeanScripts
from tca_app.server.development import MAIN_PROCESS, adopt_ports, serve_pages_on, start_stores
from tca_app.ui.theme import radix_theme

program = Path(sys.argv[0])
is_reflex_run = "reflex" in (program.stem, program.parent.name) and "run" in sys.argv[1:]

try:
    if is_reflex_run and MAIN_PROCESS not in os.environ:
        os.environ[MAIN_PROCESS] = str(os.getpid())
        # Workers inherit it and enable it when they serve: importing and compiling leave no garbage, and search a lot.
        gc.disable()
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
    plugins=[rx.plugins.RadixThemesPlugin(theme=radix_theme()), LeanScripts()],
    disable_plugins=[rx.plugins.SitemapPlugin],
)
