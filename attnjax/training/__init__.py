"""Training: optimizers, losses, the step, checkpoints, the host loop and prediction."""
