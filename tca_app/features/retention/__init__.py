"""Retention: how long data is kept."""
