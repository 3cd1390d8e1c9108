"""Whether it works for the village: what residents think of their visits."""
