"""Items: where image, label, mask and boxes stand in one, how it is read, painted and rebuilt."""
