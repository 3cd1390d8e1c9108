"""Planning a territory: one batch of proposals over all villages, which people then accept line by line."""
