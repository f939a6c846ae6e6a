"""`python -m aibridge`, and the command `aibridge`."""

import sys


def main() -> int:
    """Run the command line; returns the exit status."""
    from aibridge.cli.main import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
