"""Permissions on events: superusers see all, others those of their projects, about themselves and by themselves."""

from tca_app.core.actor import Actor


def sees_all(actor: Actor) -> bool:
    return actor.is_superuser
