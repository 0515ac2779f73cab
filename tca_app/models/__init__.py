"""Every table. Import them from here, so that Alembic and relations always know them all."""

from tca_app.models.auth import AuthSession, IdempotencyKey, LoginThrottle, OneTimeToken
from tca_app.models.project import Project, ProjectMember
from tca_app.models.user import User

__all__ = ["AuthSession", "IdempotencyKey", "LoginThrottle", "OneTimeToken", "Project", "ProjectMember", "User"]
