"""What finding people is measured on."""
