"""What people can do with follow-ups: promise, choose, book, move, cancel, look at the day; and close a visit."""
