"""Making the model: synthetic data, fine-tuning, export and evaluation."""
