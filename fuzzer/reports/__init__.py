"""What is told of a run: verify, show, stats, coverage, bench."""
