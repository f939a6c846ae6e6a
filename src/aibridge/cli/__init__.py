"""The terminal: each command prints what a person or a script needs, and nothing else."""
