"""The innermost loops, in C++, for CPUs; left out where they cannot be built.

What torch does an operation at a time over memory is done for a few rows at a time in a core's cache. There are two
libraries, so that nobody waits for the other's compiler: `training` and `evidence`.
"""
