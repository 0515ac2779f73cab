"""`/metrics`: what this process counted and what it can look up, in the form that Prometheus reads."""
