"""The manifest of the installed app: the name of this console, and icons that are there."""

import struct
from pathlib import Path

import httpx

from tests.factories import bearer, make_admin

ASSETS = Path(__file__).parents[3] / "assets"


async def test_the_manifest_has_the_name_that_the_console_has(api: httpx.AsyncClient) -> None:
    answer = await api.get("/manifest.webmanifest")
    assert answer.headers["content-type"] == "application/manifest+json"
    assert answer.json()["name"] == "TCA InfraForge"
    headers = await bearer(await make_admin())
    await api.patch("/api/v1/instance", json={"app_name": "Acme Console"}, headers=headers)
    manifest = (await api.get("/manifest.webmanifest")).json()
    assert (manifest["name"], manifest["short_name"]) == ("Acme Console", "Acme Console")


async def test_every_icon_is_there_in_its_size(api: httpx.AsyncClient) -> None:
    icons = (await api.get("/manifest.webmanifest")).json()["icons"]
    assert {icon["sizes"] for icon in icons} == {"192x192", "512x512"}
    assert [icon["src"] for icon in icons if icon.get("purpose") == "maskable"]
    for icon in icons:
        width, height = struct.unpack(">II", (ASSETS / icon["src"].lstrip("/")).read_bytes()[16:24])
        assert f"{width}x{height}" == icon["sizes"]
