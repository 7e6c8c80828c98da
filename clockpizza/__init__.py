"""Which algorithm did a network find for modular addition: the Clock, the Pizza, or neither?"""

__version__ = "0.1.0"
