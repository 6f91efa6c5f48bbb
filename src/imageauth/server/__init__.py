"""The HTTP service: checks over ``/v1``, the page, and what keeps both safe to offer to others."""
