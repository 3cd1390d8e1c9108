"""Follow-ups that complement in-person visits: promises, opening hours, the search for moments, and bookings."""
