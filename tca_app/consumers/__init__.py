"""Reactions to events, one module a consumer: importing it registers it. `tca_app.server.worker` imports them all."""
