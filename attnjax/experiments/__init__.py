"""The tests of the papers, each a pure function to a `Result`, and the runner of stages."""
