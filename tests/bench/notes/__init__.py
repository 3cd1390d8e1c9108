"""What reading notes costs."""
