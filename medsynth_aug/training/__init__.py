"""Training: the recipe of the starter checkpoint."""
