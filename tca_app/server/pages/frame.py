"""Pages that the server makes itself, in the colours of the console: the documentation and the API documents.

A page takes the theme that the viewer has chosen in the console, loads nothing from elsewhere, and leads back.
"""

import hashlib
import re
from base64 import b64encode
from pathlib import Path

from fastapi import Request, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from tca_app.config.fonts import FONT_FACES, FONT_URL
from tca_app.config.settings import VERSION, get_settings
from tca_app.core.database.session import reading
from tca_app.core.errors import NotSignedIn
from tca_app.core.instance import instance_settings
from tca_app.core.security.tokens import cookie_in, cookie_name
from tca_app.features.auth import service as auth

_templates = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    undefined=StrictUndefined,
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
)
_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)


async def readers_only(request: Request) -> None:
    """Raise NotSignedIn for strangers in production: these pages list every call and every setting."""
    if not get_settings().is_production:
        return
    async with reading() as session:
        if await auth.resolve_browser(session, cookie_in(request.headers.get("cookie", ""), cookie_name())) is None:
            raise NotSignedIn("Sign in to the console to read its documentation.")


def html_page(template: str, **values: object) -> Response:
    """Return a page. Inline styles are allowed, because Swagger UI sets them; inline scripts by their hash."""
    instance = instance_settings()
    html = _templates.get_template(template).render(
        app_name=instance.app_name,
        logo_url=instance.logo_url or "/logo.svg",
        version=VERSION,
        font=FONT_URL,
        font_faces=FONT_FACES,
        **values,
    )
    hashes = " ".join(f"'sha256-{_digest(script)}'" for script in _SCRIPT.findall(html))
    policy = (
        f"default-src 'none'; script-src 'self' {hashes}; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        "connect-src 'self'; font-src 'self'; worker-src blob:; base-uri 'none'; frame-ancestors 'none'"
    )
    return Response(html, headers={"Content-Security-Policy": policy}, media_type="text/html")


def _digest(script: str) -> str:
    return b64encode(hashlib.sha256(script.encode()).digest()).decode()
