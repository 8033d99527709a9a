"""One trace as people read it: rows of a tree on a timeline, conversations, findings. No HTML here."""
