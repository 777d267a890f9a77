"""Training a GPT: its optimizer, pre-training on windows, fine-tuning on tasks."""
