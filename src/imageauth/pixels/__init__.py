"""What the pixels say: the model, what it looks at, and what its score means."""
