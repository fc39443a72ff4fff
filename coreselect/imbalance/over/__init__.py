"""Over-samplers: make new rows of small classes."""
