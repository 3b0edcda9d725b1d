"""What a checkpoint is looked at and measured with."""
