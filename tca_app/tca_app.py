"""Wires the console: pages, REST, the edge in front of both, and the lifespan tasks of the process."""

import gc
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from functools import partial

import reflex as rx
from reflex_base.constants import CompileContext
from reflex_base.environment import environment
from reflex_base.registry import RegistrationContext
from reflex_base.telemetry_context import CompileTrigger
from starlette.types import ASGIApp

from tca_app.config.settings import get_settings
from tca_app.core.cache.local import listen
from tca_app.core.cache.redis import watch_redis
from tca_app.features.activity.ui import pages as activity_pages
from tca_app.features.auth.ui import sign_in_pages
from tca_app.features.dashboard.ui import pages as dashboard_pages
from tca_app.features.deployments.ui import pages as deployment_pages, palette as deployment_palette
from tca_app.features.dora.ui import pages as dora_pages
from tca_app.features.environments.ui import palette as environment_palette
from tca_app.features.factors.ui import setup_pages as factor_setup_pages, sign_in_pages as second_factor_pages
from tca_app.features.groups.ui import pages as group_pages, palette as group_palette
from tca_app.features.health.incidents.ui import pages as incident_pages
from tca_app.features.health.ui import pages as health_pages, palette as incident_palette
from tca_app.features.imports.ui import pages as import_pages
from tca_app.features.instance import service as instance
from tca_app.features.instance.ui import pages as instance_pages, palette as instance_palette
from tca_app.features.invitations.ui import accept_pages
from tca_app.features.jobs.ui import pages as job_pages
from tca_app.features.notifications.ui import pages as notification_pages
from tca_app.features.notifications.ui.notification_menu import (
    NotificationMenuState,
    notification_menu,
    unread_in_title,
)
from tca_app.features.presence.ui.state import keep_presence
from tca_app.features.project_page.ui import pages as project_pages, palette as tab_palette
from tca_app.features.projects.ui import palette as project_palette
from tca_app.features.roles.ui import pages as role_pages
from tca_app.features.settings_page.ui import pages as settings_pages, palette as settings_palette
from tca_app.features.subscribers.ui import pages as subscriber_pages
from tca_app.features.tokens.ui import admin_pages as token_pages
from tca_app.features.user_page.ui import pages as users_pages
from tca_app.features.users import pictures
from tca_app.features.users.ui import palette as user_palette
from tca_app.features.webhooks.ui import pages as webhook_pages
from tca_app.frontend.build import PAGES_ARE_BUILT, WEB
from tca_app.frontend.languages import keep_messages
from tca_app.frontend.reload import compiling_changed_pages
from tca_app.frontend.static_files import page_policy, with_pages
from tca_app.server.api import build_api
from tca_app.server.development import MAIN_PROCESS
from tca_app.server.edge import Edge
from tca_app.server.lifespan import running
from tca_app.server.live_connection import LiveConnection
from tca_app.server.serve import announce
from tca_app.server.worker import run_jobs
from tca_app.ui import theme
from tca_app.ui.components.text import PAGE_MESSAGES
from tca_app.ui.gate import socket_session
from tca_app.ui.handlers import is_sent_by_pages
from tca_app.ui.layout.frame import TopbarItem
from tca_app.ui.layout.pages import add_pages, error_boundary, needs_sign_in
from tca_app.ui.palette import commands
from tca_app.ui.palette.entries import Offered, add_to_palette
from tca_app.ui.websocket.limits import SocketLimits
from tca_app.ui.websocket.traces import tracing_events
from tca_app.ui.wiring import install

GC_AFTER_OBJECTS = 20_000
PAGES = [
    *sign_in_pages.PAGES,
    *accept_pages.PAGES,
    *second_factor_pages.PAGES,
    *factor_setup_pages.PAGES,
    *settings_pages.PAGES,
    *dashboard_pages.PAGES,
    *users_pages.PAGES,
    *project_pages.PAGES,
    *deployment_pages.PAGES,
    *dora_pages.PAGES,
    *activity_pages.PAGES,
    *notification_pages.PAGES,
    *health_pages.PAGES,
    *incident_pages.PAGES,
    *job_pages.PAGES,
    *webhook_pages.PAGES,
    *instance_pages.PAGES,
    *subscriber_pages.PAGES,
    *role_pages.PAGES,
    *token_pages.PAGES,
    *group_pages.PAGES,
    *import_pages.PAGES,
]
# In the order in which an empty palette lists their commands.
OFFERED: tuple[Offered, ...] = (
    *project_palette.OFFERED,
    *tab_palette.OFFERED,
    *deployment_palette.OFFERED,
    *user_palette.OFFERED,
    *group_palette.OFFERED,
    *environment_palette.OFFERED,
    *incident_palette.OFFERED,
    *settings_palette.OFFERED,
    *instance_palette.OFFERED,
    *commands.COMMANDS,
)


class Console(rx.App):
    """The Reflex application with the console's edge in front, so that no request bypasses it."""

    def __call__(self) -> ASGIApp:
        settings, handlers = get_settings(), RegistrationContext.get().event_handlers
        pages = LiveConnection(with_pages(super().__call__(), needs_sign_in))
        limited = SocketLimits(
            pages, partial(is_sent_by_pages, handlers), socket_session, settings.anonymous_sockets_per_address
        )
        return Edge(build_api(), limited, settings, page_policy([]))

    def _compile(
        self,
        prerender_routes: bool = False,
        dry_run: bool = False,
        use_rich: bool = True,
        trigger: CompileTrigger | None = None,
    ) -> None:
        run = os.environ.get(MAIN_PROCESS)  # set under `reflex run`
        with compiling_changed_pages(self, run) if run else nullcontext():
            super()._compile(prerender_routes, dry_run, use_rich, trigger)
        if environment.REFLEX_COMPILE_CONTEXT.get() is CompileContext.EXPORT:
            keep_messages(WEB, PAGE_MESSAGES)


@asynccontextmanager
async def _process() -> AsyncIterator[None]:
    """Run the background tasks of a web process, and its jobs unless workers run them."""
    does_jobs = get_settings().run_worker
    jobs = [run_jobs()] if does_jobs else []
    await instance.refresh_or_log()  # before the first request
    await pictures.refresh_or_log()
    kept = (instance.keep_current(), pictures.keep_current())
    async with running(listen(jobs=does_jobs), watch_redis(), *kept, *jobs), tracing_events():
        if not os.environ.get(PAGES_ARE_BUILT):  # `reflex run`: nothing else creates the first admin or the setup link
            await announce(get_settings())
        # Freeze the loaded modules: otherwise every full collection scans them and stops the process for 100 ms.
        gc.collect()
        gc.freeze()
        # Requests leave almost no reference cycles, so a collection every 700 objects costs more than it frees.
        gc.set_threshold(GC_AFTER_OBJECTS)
        gc.enable()  # both starts disable it while they import
        yield


app = Console(
    head_components=theme.head_components(),
    stylesheets=theme.STYLESHEETS,
    html_lang="en",
    toaster=None,
    app_wraps={(55, "ErrorBoundary"): lambda _stateful: error_boundary()},
)
add_to_palette(*OFFERED)
add_pages(app, PAGES, TopbarItem(notification_menu, NotificationMenuState.load, unread_in_title))
app.register_lifespan_task(_process)
app.register_lifespan_task(keep_presence)
install(app)
