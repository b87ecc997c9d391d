"""What is drawn: programs of the grammar, Poisson solvers."""
