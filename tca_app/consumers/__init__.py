"""Event consumers, one per module. Importing a module registers it; `tca_app.server.worker` imports all."""
