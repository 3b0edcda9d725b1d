"""What a bank's machine remembers: which events are known, and what the project was told of each subject."""
