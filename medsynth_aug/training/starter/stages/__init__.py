"""What is trained, stage by stage, and the loop that trains it."""
