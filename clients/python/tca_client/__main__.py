"""`python -m tca_client`, the same as `tca`."""

import sys

from tca_client.command.main import main

if __name__ == "__main__":
    sys.exit(main())
