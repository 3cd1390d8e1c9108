"""When people, cabins and instruments are there: written by people in a week, with its exceptions and its undo."""
