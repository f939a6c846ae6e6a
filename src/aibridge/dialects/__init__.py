"""What providers say, turned into records. Nothing here reads a clock, a socket or a setting."""
