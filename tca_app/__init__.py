"""The TCA InfraForge console."""

import sys

# redis-py imports the metrics SDK of OpenTelemetry wherever it is installed: 45 ms of every start, for no use here.
sys.modules.setdefault("opentelemetry.sdk.metrics", None)  # type: ignore[arg-type]  # None: the import fails
