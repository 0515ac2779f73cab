"""`python -m tca_app check-config`: reports what a process would refuse, without starting it."""

from typing import Annotated

import typer

from tca_app.config.settings import ConfigError, Role, check_settings
from tca_app.core.telemetry.lines import lines
from tca_app.server.commands.faults import plain_faults
from tca_app.server.migrate import MigrationError, OldDatabaseError, require_postgres_version


def check_config(role: Annotated[Role, typer.Argument(help="The process that is to start.")] = Role.SERVE) -> None:
    """Report everything that a process refuses to start with; exit code 78 if there is something."""
    with plain_faults():
        settings, faults = check_settings(role)
        try:
            if settings.database_url.get_secret_value():
                require_postgres_version(settings)
        except OldDatabaseError as error:
            faults.append(str(error))
        except MigrationError as error:
            lines.warn(f"the version of PostgreSQL was not checked: {error}")
        if faults:
            raise ConfigError(faults)
        lines.say(f"The settings of {role} are fine ({settings.environment})")
