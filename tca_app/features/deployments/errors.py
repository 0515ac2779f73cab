"""The refusals that have a name of their own. All are 409: what is asked for clashes with how things are."""

from tca_app.core.errors import Conflict


class IllegalStep(Conflict):
    """From the state that it is in, there is no such step."""

    code = "illegal_step"


class EnvironmentBusy(Conflict):
    code = "environment_busy"
    default = "Another deployment to this environment is in progress."


class Frozen(Conflict):
    code = "frozen"


class NoSuchEnvironment(Conflict):
    code = "no_such_environment"
    default = "The project has no environment of this name."


class ProjectArchived(Conflict):
    code = "project_archived"
    default = "The project is archived: nothing new is deployed."


class ExternalIdTaken(Conflict):
    code = "external_id_taken"
    default = "Another version or environment was reported under this external_id."


class NothingToGoBackTo(Conflict):
    code = "nothing_to_go_back_to"
    default = "Nothing was deployed to this environment before."


class AnotherRepository(Conflict):
    code = "another_repository"
    keeps_changes = True  # which repository it was, so that a person can accept it


class LogGap(Conflict):
    code = "log_gap"


class LogClosed(Conflict):
    code = "log_closed"


class LogFull(Conflict):
    code = "log_full"
