"""How long the certificate of a URL is valid, as pages show it."""

from datetime import datetime

from tca_app.core.events.words import duration
from tca_app.core.language.messages import _
from tca_app.features.health.probing.certificates import threshold_of, time_left
from tca_app.features.health.schemas import CheckRead


def certificate_words(check: CheckRead, now: datetime) -> str:
    """Returns how long the certificate of an https URL is still valid."""
    if check.certificate_until is None:
        return ""
    if check.certificate_until <= now:
        return _("Certificate expired")
    return _(
        "Certificate: {certificate_until} left", certificate_until=duration(time_left(check.certificate_until, now))
    )


def certificate_tone(check: CheckRead, now: datetime) -> str:
    """Returns "bad" for an expired certificate, "warn" from the first warning on, else ""."""
    if check.certificate_until is None:
        return ""
    if check.certificate_until <= now:
        return "bad"
    return "warn" if threshold_of(check.certificate_until, now) else ""
