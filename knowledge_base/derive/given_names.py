"""Given names from the lists of the United States' census of 1990, which are in the public domain.

python -m knowledge_base.derive.given_names DIST.FEMALE.FIRST DIST.MALE.FIRST
"""

from __future__ import annotations

import argparse
from pathlib import Path

from knowledge_base.given_names import NAMES

_LEAST_PERCENT = 0.008
"""Share of people with the name below which it may as well be another's misspelling."""


def main() -> None:
    """Read, sort, write."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("lists", type=Path, nargs="+")
    lines = [line for file in parser.parse_args().lists for line in file.read_text().splitlines()]
    rows = [line.split() for line in lines if line.strip()]
    names = sorted({name.lower() for name, share, *_ in rows if float(share) >= _LEAST_PERCENT})
    NAMES.write_text("\n".join(names) + "\n")
    print(f"{len(names)} names")


if __name__ == "__main__":
    main()
