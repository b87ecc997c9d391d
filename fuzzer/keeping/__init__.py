"""Which rows stay: keys, duplicates, splits."""
