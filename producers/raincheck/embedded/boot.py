"""The script that the supervisor's process runs.

It puts empty packages in the place of `raincheck` and `raincheck.embedded`, so that their modules
can be imported without all of Raincheck, pandas included: the supervisor only waits.
"""

import sys
from pathlib import Path
from types import ModuleType


def _main() -> int:
    here = Path(__file__).parent
    for name, folder in (("raincheck", here.parent), ("raincheck.embedded", here)):
        package = ModuleType(name)
        package.__path__ = [str(folder)]
        sys.modules[name] = package
    from raincheck.embedded.supervisor import main  # noqa: PLC0415 - needs the packages above

    return main()


if __name__ == "__main__":
    sys.exit(_main())
