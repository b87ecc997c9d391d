"""What an author declares: productions, the notation in which they stand, families of them."""
