"""Reactions to events, one module a consumer: importing it registers it. `tca_app.worker` imports them all."""
