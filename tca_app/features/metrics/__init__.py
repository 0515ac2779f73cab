"""Prometheus metrics of this process and of the shared stores, at `/metrics`."""
