"""What several libraries share: message shapes, error shapes, and who stands behind a base URL."""
