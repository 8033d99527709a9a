"""What pages ask the index."""
