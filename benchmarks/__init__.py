"""Measurements of coreselect: time, memory and quality."""
