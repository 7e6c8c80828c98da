"""Pictures in a terminal: each function returns a `rich.text.Text` that the command line and the screen both show."""
