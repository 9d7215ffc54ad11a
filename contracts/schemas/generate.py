"""Write the JSON Schemas beside this file: `python contracts/schemas/generate.py`."""

import json
from pathlib import Path

from raincheck_contracts.schemas import json_schemas

FOLDER = Path(__file__).parent


def main() -> None:
    """Write one file per schema and remove those of shapes that are gone."""
    schemas = json_schemas()
    for path in FOLDER.glob("*.json"):
        if path.stem not in schemas:
            path.unlink()
    for name, schema in schemas.items():
        text = json.dumps(schema, indent=2, sort_keys=True, ensure_ascii=False)
        (FOLDER / f"{name}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
