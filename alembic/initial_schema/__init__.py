"""The schema of the first revision, by subject: tables with their indexes, functions, triggers."""
