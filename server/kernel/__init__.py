"""What every subject stands on: ids, errors, clock, access and the sealing contract."""
