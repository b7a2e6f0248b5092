"""`python -m ppo`; `make train` calls it."""

from __future__ import annotations

import sys

from harness.errors import UserError
from ppo.train import main

if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except UserError as error:
        print(f"ppo: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("\ninterrupted; go on with RESUME=1", file=sys.stderr)
        sys.exit(130)
