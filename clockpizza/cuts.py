"""Cuts of the verdict, and those that are needed both where networks are measured and where results are only read."""

PAPER_CUT = 0.995  # the paper's: an embedding is circular above it
LEAST_ACCURACY = 0.95  # on all pairs, below which a network has not solved the task
LEAST_HELD_OUT = 0.9  # the same on held-out pairs, where the split is known
CLEAR = 0.8  # of the logits' variance, that one algorithm must have for a clear verdict
CLEAR_ALONE = 0.75  # of the logits' variance, that the circles alone must write for a clear verdict
LEAST_LAWFUL = 0.5  # of the logits' variance, that clock and pizza must have together
CLEARLY_OTHER = 0.2  # of the logits' variance: where clock and pizza have less together, non-circular is clear
EDITION = 2  # of the rule that verdicts are judged by (docs/verdict.md); results without a number are of the first
