"""From a draw to a block of rows."""
