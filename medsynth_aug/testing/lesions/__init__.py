"""Checks for a lesion, a file for each guarantee."""
