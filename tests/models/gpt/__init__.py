"""Tests of the GPT."""
