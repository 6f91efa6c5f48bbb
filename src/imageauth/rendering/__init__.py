"""Report → text and other forms for people."""
