"""The JSON Schemas, made from the models: what `schemas/` holds and `sipctl schema` prints."""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from sipctl.answers import ANSWERS, schema_of
from sipctl.models.endpoint import EndpointModel
from sipctl.models.scenario import ScenarioModel
from sipctl.models.settings import SettingsModel

DIALECT = "https://json-schema.org/draft/2020-12/schema"

FILES: dict[str, type[BaseModel]] = {
    "endpoint": EndpointModel,
    "scenario": ScenarioModel,
    "settings": SettingsModel,
}
"""The schemas of a workspace's files, by name."""

OUTPUT = {schema_of(command): command for command in ANSWERS}
"""The schemas of answers by name, and the command of each."""

MODELS: dict[str, type[BaseModel]] = FILES | {name: ANSWERS[OUTPUT[name]] for name in OUTPUT}
"""All schemas; `a/b` stands in a folder `a`."""

VERSION = 1
"""The version that stands at the end of each schema's `$id`: the one of the documents' format."""


def text(name: str) -> str:
    """One schema as it stands in its file."""
    return json.dumps(schema(name), indent=2, ensure_ascii=False) + "\n"


def schema(name: str) -> dict[str, Any]:
    """The schema of one name of `MODELS`."""
    generator = _OfFiles if name in FILES else GenerateJsonSchema
    made = MODELS[name].model_json_schema(schema_generator=generator)
    if name in OUTPUT:
        made["description"] += f" Printed by sipctl {OUTPUT[name]}."
    identity = f"urn:sipctl:schema:{name.replace('/', ':')}:{VERSION}"
    first = {"title": made["title"], "description": made["description"]}
    return {"$schema": DIALECT, "$id": identity} | first | made


class _OfFiles(GenerateJsonSchema):
    """None is how the models say 'absent'; in a file a null is an error, so none is shown."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        if schema.get("default", ...) is None:
            return self.generate_inner(schema["schema"])
        return super().default_schema(schema)
