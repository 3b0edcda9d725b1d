"""Bring a project up to what the bank holds: samples, reviews and the progress of runs."""
