"""Who may open a patient's record: relations, referrals, and the glass that a doctor breaks in an emergency."""
