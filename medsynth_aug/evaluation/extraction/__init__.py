"""Extraction: what sees the images, and the features that it gives."""
