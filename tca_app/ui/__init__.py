"""What all pages share. Nothing in here knows the pages of a feature."""
