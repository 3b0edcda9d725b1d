"""Planning: which samples are wanted, for which places, into which backgrounds, and what they cost."""
