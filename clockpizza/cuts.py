"""Cuts, and the rule's edition: needed both where networks are measured and where results are only read."""

PAPER_CUT = 0.995  # the paper's: an embedding is circular above it
LEAST_HELD_OUT = 0.9  # accuracy on held-out pairs below which a network has not solved the task
MAIN_SHARE = 0.01  # of the logits' power at all frequencies: what a circle must write to count as a main circle
EDITION = 2  # of the rule that judges; results that name none are of the first
