"""Images with their rows, and the scenes that are drawn from them."""
