"""Training: TensorFlow and Keras live here and nowhere else. Nothing that serves imports this package."""
