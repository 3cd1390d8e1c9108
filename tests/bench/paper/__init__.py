"""What papers cost to draw."""
