"""Hours in the browser: the week editor of one, at each door: all hours for coordinators, one’s own for the others."""
