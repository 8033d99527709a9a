"""Traces in the terminal: a list, a tree, and the command that shows them."""
