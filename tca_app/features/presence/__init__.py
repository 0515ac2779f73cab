"""Who else has the same person or project open."""
