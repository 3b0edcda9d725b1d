"""Checks for a Synthesizer, a file for each guarantee."""
