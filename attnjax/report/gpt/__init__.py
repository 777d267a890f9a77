"""The reports of a GPT's runs."""
