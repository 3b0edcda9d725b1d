"""Bring reviews that were given elsewhere into the bank, and keep those that cannot count yet."""
