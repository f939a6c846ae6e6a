"""The terminal: each command prints what a person or a script needs, and nothing else.

Results go to the standard output, sentences for people to the standard error. A failure is one sentence and status 1,
wrong usage status 2. Commands import what they need when they run, so that `--help` is instant.
"""
