"""The list of sessions as a page shows it."""
