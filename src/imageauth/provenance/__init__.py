"""What the file itself says: credentials (C2PA), metadata, watermarks."""
