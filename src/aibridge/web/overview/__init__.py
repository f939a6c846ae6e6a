"""The overview as a page: figures, charts and lists of a time, made of the usage roll-ups."""
