"""Serving: where the samples of a data set come from, made beforehand or ahead of need."""
