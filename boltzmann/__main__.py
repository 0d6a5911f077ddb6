"""The command line (a stand-in)."""

import argparse
import sys

from boltzmann.commands import audit

parser = argparse.ArgumentParser(prog="boltzmann")
audit.add_parser(parser.add_subparsers(required=True))
options = parser.parse_args()
try:
    sys.exit(options.run(options))
except ValueError as error:
    print(f"boltzmann audit: {error}", file=sys.stderr)
    sys.exit(2)
except KeyboardInterrupt:
    sys.exit(130)
