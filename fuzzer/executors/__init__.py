"""Where tasks run: this process, local workers, Ray."""
