"""Splits: who each image is of, and that no patient or picture stands in two splits."""
