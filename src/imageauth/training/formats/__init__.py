"""A model in the form that another runtime reads, checked against the model before it is handed over."""
