"""The web app manifest, by which browsers install the console. It is made at run time, for its name and logo."""

from typing import Any

import orjson
from fastapi import FastAPI, Request, Response

from tca_app.core.instance import instance_settings

PATH = "/manifest.webmanifest"
COLOR = "#3e63dd"  # the background of the icons
_ICONS = (
    {"src": "/icon-192.png", "sizes": "192x192", "type": "image/png"},
    {"src": "/icon-512.png", "sizes": "512x512", "type": "image/png"},
    {"src": "/icon-maskable-512.png", "sizes": "512x512", "type": "image/png", "purpose": "maskable"},
)


def add_manifest(api: FastAPI) -> None:
    """Add the manifest to `api`. It is public, as the sign-in page is, and holds no more than that page shows."""
    api.add_route(PATH, _read_manifest, include_in_schema=False)


async def _read_manifest(_request: Request) -> Response:
    headers = {"Cache-Control": "no-cache"}
    return Response(orjson.dumps(_manifest()), headers=headers, media_type="application/manifest+json")


def _manifest() -> dict[str, Any]:
    instance = instance_settings()
    own = ({"src": instance.logo_url, "sizes": "any"},) if instance.logo else ()
    return {
        "id": "/",
        "name": instance.app_name,
        "short_name": instance.app_name,
        "start_url": "/dashboard",
        "scope": "/",
        "display": "standalone",
        "background_color": "#ffffff",
        "theme_color": COLOR,
        "icons": [*own, *_ICONS],
    }
