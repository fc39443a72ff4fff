"""Cleaners: leave out rows that their neighbours contradict."""
