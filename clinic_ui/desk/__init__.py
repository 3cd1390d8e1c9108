"""The doctor's pages: the desk with its call and its note, the follow-ups and the agenda."""
