"""The tables and claims of *Attention is not Explanation*, run again by one command."""
