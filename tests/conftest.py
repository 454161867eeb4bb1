import json

import jsonschema
import pytest
import referencing

from ledger.model import schema


@pytest.fixture(scope="session")
def schema_errors():
    """Return a function: (name such as ``trial.v1``, document) → what its JSON Schema has against it."""
    resources = [
        (path.name, referencing.Resource.from_contents(json.loads(path.read_text("utf-8"))))
        for path in (schema.directory() / "json").glob("*.schema.json")
    ]
    registry = referencing.Registry().with_resources(resources)

    def errors(name, document):
        validator = jsonschema.Draft202012Validator(schema.load(f"json/{name}.schema"), registry=registry)
        # Through the text, as a reader in another language gets it.
        found = validator.iter_errors(json.loads(json.dumps(document, allow_nan=False)))
        return [f"{error.json_path}: {error.message[:300]}" for error in found]

    return errors


@pytest.fixture(scope="session")
def accept(schema_errors):
    """Return a function: (name such as ``trial.v1``, document) → fail where its JSON Schema refuses it."""

    def accept(name, document):
        found = schema_errors(name, document)
        assert not found, "\n".join(found)

    return accept
