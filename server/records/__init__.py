"""The encrypted store: what is written about a patient, sealed under that patient's own key."""
