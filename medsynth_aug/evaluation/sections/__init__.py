"""The sections of an evaluation report: each measures one thing of a subject."""
