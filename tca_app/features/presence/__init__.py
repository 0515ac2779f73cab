"""Presence: shows who else has the same user or project open."""
