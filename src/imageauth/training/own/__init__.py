"""``imageauth train folder``: a user's own pictures → a model that is tuned to them."""
