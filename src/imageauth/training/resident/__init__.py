"""Training with everything on the accelerator: pictures, degradations and many steps in one call. Needs JAX."""
