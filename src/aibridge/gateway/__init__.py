"""The data plane: bytes from client to provider and back, unchanged. It never reads the store."""
