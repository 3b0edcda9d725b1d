"""Distances: how far two sets of features lie apart, with intervals over patients."""
