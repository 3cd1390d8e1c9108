"""The cabin's screens: one question at a time, from « Voir un médecin » to « Au revoir »."""
