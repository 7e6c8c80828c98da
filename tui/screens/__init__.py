"""The rooms of the screen, one a file."""
