"""What the seal costs, beside the bare cipher of the same run."""
