"""What a GPT reads: byte pairs, token files, and the texts of the tasks it is fine-tuned on."""
