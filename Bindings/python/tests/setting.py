"""What the tests are run with: PLAT_WITHOUT_NUMPY=1 as if there were none. To be imported before plat is.

Random parts tell their seed; PLAT_SEED=… does that one again, PLAT_SWEEP=… so many times as much."""

import os
import sys

if os.environ.get("PLAT_WITHOUT_NUMPY"):
    sys.modules["numpy"] = None  # type: ignore[assignment]

SWEEP = int(os.environ.get("PLAT_SWEEP", "1"))
WRONG = (TypeError, ValueError, OverflowError)


def seeds(count):
    """Those of a random test; the one that is asked for."""
    asked = os.environ.get("PLAT_SEED")
    return [int(asked)] if asked else range(1, count * SWEEP + 1)
