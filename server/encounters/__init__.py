"""A visit from “see a doctor” to “closed”: intake, queue, claim, call, incidents, goodbye."""
