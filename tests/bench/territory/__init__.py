"""What the plan of a territory is measured against."""
