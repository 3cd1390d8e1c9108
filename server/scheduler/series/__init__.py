"""The same follow-up several times: dressings every other day, a pressure every week."""
