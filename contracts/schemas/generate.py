"""Write the JSON Schemas beside this file, and the AsyncAPI document above: `make schemas`."""

import json
from pathlib import Path
from typing import Any

from raincheck_contracts.asyncapi import asyncapi
from raincheck_contracts.schemas import json_schemas

FOLDER = Path(__file__).parent


def main() -> None:
    """Write one file per schema and remove those of shapes that are gone."""
    schemas = json_schemas()
    for path in FOLDER.glob("*.json"):
        if path.stem not in schemas:
            path.unlink()
    for name, schema in schemas.items():
        _write(FOLDER / f"{name}.json", schema, sort_keys=True)
    _write(FOLDER.parent / "asyncapi.json", asyncapi(), sort_keys=False)


def _write(path: Path, document: dict[str, Any], *, sort_keys: bool) -> None:
    text = json.dumps(document, indent=2, sort_keys=sort_keys, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
