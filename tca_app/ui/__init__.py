"""What every screen shares. Nothing in here knows a feature's page."""
