"""Turn any value into a bounded, JSON-safe snapshot without running code of the user's."""
