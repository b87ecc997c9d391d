"""From a problem to a discrete model of it."""
