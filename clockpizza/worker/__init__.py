"""The worker: takes a sweep's stacks one after another, trains them, and writes down all that happens."""
