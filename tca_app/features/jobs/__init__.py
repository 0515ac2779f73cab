"""Background jobs: lists them, retries them and discards them."""
