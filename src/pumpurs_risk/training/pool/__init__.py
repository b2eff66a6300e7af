"""What pooling is made of: what may be shared, whose summary counts, how far municipalities differ."""
