"""Of all tests."""

import gc


def pytest_collection_finish():
    """Modules and grammar stay for good: collections that look at them again and again take a third of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
