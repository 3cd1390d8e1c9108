"""Setting up a real commune by hand: its sites, cabins, instruments, people and their accounts."""
