"""What a program, a machine or the service may do to spans, played with real processes."""
