"""What a GPT reads: pieces, token files, windows of them, and the texts of its tasks."""
