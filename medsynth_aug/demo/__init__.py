"""The demonstration: the whole way on the example radiographs, up to a trained classifier."""
