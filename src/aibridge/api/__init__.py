"""The JSON API: one module per resource. Shapes are the public contract."""
