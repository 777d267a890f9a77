"""Runs of a GPT: pre-training, fine-tuning on a task, and the paper's analyses."""
