"""The tests of telecabin: the same tree as the code, plus flows, house, trust and bench."""
