"""What the doctor says about the collector of traces."""

import pytest
from pydantic import SecretStr

from tca_app.config.settings import get_settings
from tca_app.server.doctor import traces
from tca_app.server.doctor.findings import ok, problem, skipped
from tests.sinks import HttpSink


async def test_without_a_collector_there_is_nothing_to_look_at() -> None:
    assert await traces.collector() == skipped("OTEL_EXPORTER_OTLP_ENDPOINT is not set: there are no traces")


async def test_a_collector_is_asked_with_the_headers_that_the_console_sends(monkeypatch: pytest.MonkeyPatch) -> None:
    async with HttpSink() as sink:
        monkeypatch.setattr(get_settings(), "otel_exporter_otlp_endpoint", sink.url)
        monkeypatch.setattr(get_settings(), "otel_exporter_otlp_headers", SecretStr("api-key=secret-key"))
        sink.answers = [200, 401, 404]
        found = [await traces.collector() for _ in sink.answers[:]]
    found.append(await traces.collector())
    assert found == [
        ok("the collector takes traces"),
        problem("the collector answers HTTP 401", "Check OTEL_EXPORTER_OTLP_HEADERS"),
        problem("the collector answers HTTP 404", traces.MEND),
        problem("the collector cannot be reached (ConnectError)", traces.MEND),
    ]
    assert {(request.path, request.headers["api-key"]) for request in sink.got} == {("/v1/traces", "secret-key")}
    assert "secret-key" not in str(found)
