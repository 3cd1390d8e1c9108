"""What the measures of the scheduler need: a territory, and another process that listens."""
