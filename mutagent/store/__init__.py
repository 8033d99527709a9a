"""The local store: one append-only SQLite table of wire JSON rows, read and written by many processes at once."""
