"""Checks that the collector accepts traces."""

import os
import ssl

import httpx

from tca_app.config.settings import get_settings
from tca_app.core.otlp import read_headers, traces_url
from tca_app.server.doctor.findings import Finding, ok, problem, skipped

TIMEOUT_S = 10.0
MEND = (
    "Check OTEL_EXPORTER_OTLP_ENDPOINT: the base URL of OTLP over HTTP, usually port 4318, that this machine may reach"
)


async def collector() -> Finding:
    """Send an empty batch, which a collector accepts."""
    settings = get_settings()
    if not settings.otel_exporter_otlp_endpoint:
        return skipped("OTEL_EXPORTER_OTLP_ENDPOINT is not set: there are no traces")
    headers = read_headers(settings.otel_exporter_otlp_headers.get_secret_value())
    headers |= {"content-type": "application/x-protobuf"}
    tls = ssl.create_default_context(cafile=os.environ.get("OTEL_EXPORTER_OTLP_CERTIFICATE") or None)
    try:
        async with httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False, verify=tls) as client:
            answer = await client.post(traces_url(settings.otel_exporter_otlp_endpoint), content=b"", headers=headers)
    except httpx.HTTPError as error:
        return problem(f"the collector cannot be reached ({type(error).__name__})", MEND)
    if answer.status_code in (401, 403):
        return problem(f"the collector answers HTTP {answer.status_code}", "Check OTEL_EXPORTER_OTLP_HEADERS")
    if not answer.is_success:
        return problem(f"the collector answers HTTP {answer.status_code}", MEND)
    return ok("the collector takes traces")
