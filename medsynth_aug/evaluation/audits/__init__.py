"""Audits: what gives away that an image was edited, and that a lesion is not a real one."""
