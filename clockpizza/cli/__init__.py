"""The command line: thin commands that parse, call the laboratory, and print."""

from clockpizza.cli.app import main

__all__ = ["main"]
