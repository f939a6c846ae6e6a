"""The request log as a page: what a link asks for, its menus, its chart, its rows, and one request in full."""
