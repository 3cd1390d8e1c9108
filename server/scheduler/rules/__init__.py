"""Plain rules of follow-ups: time in units, opening hours, the search, and the states of promises."""
