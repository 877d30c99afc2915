"""The `ndpix` command, also as `python -m ndpix`."""

import sys

from ndpix._ndpix import command


def main() -> int:
    """Runs the command with the words of this process and gives its exit code."""
    return command(["ndpix", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
