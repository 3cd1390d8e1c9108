"""A patient's own key renewed: a new version for what is written, and everything older sealed anew under it."""
