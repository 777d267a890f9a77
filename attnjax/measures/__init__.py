"""What a model's attention is measured against: importances, agreement, divergence."""
