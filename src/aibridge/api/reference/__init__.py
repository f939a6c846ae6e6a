"""The API describes itself: OpenAPI with examples, and a page to read made of it. Neither needs a token."""
