"""Data sets of labelled texts, each from its official files: sources, tasks and readers."""
