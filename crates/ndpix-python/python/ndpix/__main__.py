"""The `ndpix` command, also as `python -m ndpix`."""

import signal
import sys

from ndpix._ndpix import command


def main() -> int:
    """Runs the command with the words of this process and gives its exit code."""
    # The command has a handler of its own, which ends a run with what it left; what was ignored stays so.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    return command(["ndpix", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
