"""The record of another gateway, turned into ours: here is what means what. Reading and writing is the store's."""
