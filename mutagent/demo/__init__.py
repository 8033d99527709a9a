"""The demonstration: an agent on the real clients, and a stand-in for the providers it calls."""
