"""One module for each page: its context, how it is made, its routes."""
