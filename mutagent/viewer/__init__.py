"""The web app over the local store, with an index of its own; also the local collector."""
