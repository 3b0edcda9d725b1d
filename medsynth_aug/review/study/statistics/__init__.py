"""The statistics of a reader study, each by a published method, each a function of arrays."""
