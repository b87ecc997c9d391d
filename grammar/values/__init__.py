"""What a value may be: types, dimensions, patterns of arrays and trees, static arguments."""
