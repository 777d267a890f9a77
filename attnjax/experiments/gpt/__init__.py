"""The runs of a GPT: pre-training, and fine-tuning on a task."""
