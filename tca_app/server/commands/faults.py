"""Expected faults of commands, as lines for a person."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from tca_app.config.settings import ConfigError
from tca_app.core.errors import AppError
from tca_app.core.jobs.queue import RetryForever
from tca_app.core.stores.servers import StoreError
from tca_app.core.telemetry.lines import lines
from tca_app.frontend.bundle import BundleError
from tca_app.server.migrate import MigrationError
from tca_app.server.serve import StartError

CONFIG_FAULT = 78  # EX_CONFIG of sysexits.h


@contextmanager
def plain_faults() -> Iterator[None]:
    """Expected faults are lines for a person, never a traceback; Ctrl-C and SIGTERM are a normal end."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    except ConfigError as error:
        lines.fail(*error.faults)
        raise typer.Exit(CONFIG_FAULT) from None
    except AppError as error:
        lines.fail(*([f"{fault.name}: {fault.detail}" for fault in error.errors] or [error.detail]))
        raise typer.Exit(1) from None
    except RetryForever as error:
        lines.fail(str(error))
        raise typer.Exit(1) from None
    except (StoreError, BundleError, MigrationError, StartError) as error:
        lines.fail(str(error))
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        raise typer.Exit(0) from None
