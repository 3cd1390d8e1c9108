"""The waiting list: who wants an earlier moment, and to whom a moment that is freed is offered."""
