"""The roles in a project as pages name them: alone, and within a sentence, where English writes them small."""

from tca_app.core.language.messages import N_, _

ROLE_LABELS = {
    "viewer": N_("Viewer"),
    "deployer": N_("Deployer"),
    "maintainer": N_("Maintainer"),
    "owner": N_("Owner"),
}
_IN_SENTENCES = {
    "viewer": N_("viewer"),
    "deployer": N_("deployer"),
    "maintainer": N_("maintainer"),
    "owner": N_("owner"),
}


def role_label(role: str | None) -> str:
    """Returns "Viewer" in the language of the viewer of the page, or "" without a role."""
    return _(ROLE_LABELS[role]) if role else ""


def role_word(role: str | None) -> str:
    """Returns "viewer" for a sentence, or "" without a role."""
    return _(_IN_SENTENCES[role]) if role else ""
