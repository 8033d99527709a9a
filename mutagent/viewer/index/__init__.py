"""What the viewer derives from the store: traces in a line, full text, aggregates. Can be rebuilt at any time."""
