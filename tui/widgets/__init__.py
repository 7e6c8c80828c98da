"""What the rooms are furnished with, one widget a file."""
