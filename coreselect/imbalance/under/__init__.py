"""Under-samplers: keep some rows of large classes."""
