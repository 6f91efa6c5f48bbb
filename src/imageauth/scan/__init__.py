"""Many files checked into a table: resumable, on all cores or on a Ray cluster."""
