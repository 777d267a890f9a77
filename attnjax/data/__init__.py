"""From text to padded, bucketed batches: sources, vocabulary, encoding, batching."""
