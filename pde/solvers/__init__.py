"""Which solver solves which model, and how its parts are put together."""
