"""Questions that take many runs: each is sweeps as any other, and a reading of what they left."""
