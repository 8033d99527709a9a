"""The pages: a handler for each."""
