"""The receiver of docs/webhooks.md accepts signed requests only."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from tca_app.features.webhooks import signing

DOCUMENT = Path(__file__).parents[3] / "docs" / "webhooks.md"


async def test_the_example_takes_what_is_signed_once_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    secret, names = signing.new_secret(), dict[str, Any]()
    monkeypatch.setenv("SECRET", secret)
    found = re.search(r"```python\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    assert found is not None
    exec(found[1], names)
    body, now = signing.ping(7, datetime.now(UTC)), datetime.now(UTC)
    headers = signing.headers("msg_1", now, body, [signing.new_secret(), secret])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(names["app"]), base_url="http://receiver") as client:
        codes = [
            (await client.post("/in", content=given, headers=headers)).status_code for given in (body, body, b"{}")
        ]
    assert codes == [204, 204, 401]
    assert capsys.readouterr().out.count("ping") == 1
