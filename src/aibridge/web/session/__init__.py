"""A session as a page shows it: made of what the store read, by arithmetic alone. Nothing here does any I/O."""
