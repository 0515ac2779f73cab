"""Components of every page, one file a kind."""
