"""`make bench`: what the laboratory's work costs on this machine, measured now.

`python -m benchmarks.training`, `.classification`, `.store` and `.screen` measure one part, and have options.
"""

from __future__ import annotations

from benchmarks import classification, screen, store, training

if __name__ == "__main__":
    for part in (training, classification, store, screen):
        part.main([])
        print()
