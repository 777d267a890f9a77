"""The reports of the runs of a GPT."""
