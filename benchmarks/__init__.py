"""Timings of the laboratory's work, printed as tables; nothing here is asserted by a test."""
