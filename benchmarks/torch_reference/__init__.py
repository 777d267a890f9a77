"""The papers' measures in PyTorch, written from their equations, to be timed against.

Each comes in two variants. `tuned` is what a competent PyTorch user writes: texts of equal length
batched together, no gradient that nobody asks for, no Python loop over instances, deletions or
shuffles. `faithful` follows the papers' protocol to the letter: batches of 32, one deletion, one
shuffle at a time.
"""
