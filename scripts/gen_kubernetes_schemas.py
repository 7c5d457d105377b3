#!/usr/bin/env python3
"""gen_kubernetes_schemas.py FOLDER CRD... > test/data/kubernetes/schemas.json

What kinds of objects deploy/kubernetes may have, as one JSON schema each: from a FOLDER of Kubernetes' own strict schemas (one file for
each kind, as kubernetes-validate on PyPI has them) and files of CustomResourceDefinitions. Names and types of fields only: what says the
same in words, defaults and examples are left out, and so is status, which nobody writes. Needs PyYAML.
"""
import json
import pathlib
import sys

import yaml

# Of Kubernetes itself: the kind, its group and version, and its file.
KINDS = {
    "Deployment": "apps/v1", "CronJob": "batch/v1", "NetworkPolicy": "networking.k8s.io/v1", "PodDisruptionBudget": "policy/v1",
    "StorageClass": "storage.k8s.io/v1", "Service": "v1", "ConfigMap": "v1", "ServiceAccount": "v1",
}
KEPT = {"type", "properties", "required", "items", "enum", "additionalProperties", "pattern", "minimum", "maximum", "minLength", "maxLength",
        "anyOf", "oneOf", "allOf", "$ref", "definitions", "format"}
TEXTS = {"int-or-string", "quantity"}


def short(schema):
    """The schema without what only explains; fields that are not known are errors wherever fields are listed."""
    if not isinstance(schema, dict):
        return schema
    if schema.get("x-kubernetes-int-or-string") or schema.get("format") in TEXTS:
        return {"type": ["integer", "string"]}
    out = {}
    for key, value in schema.items():
        if key not in KEPT:
            continue
        if key in ("properties", "definitions"):
            out[key] = {name: short(part) for name, part in value.items()}
        elif key in ("anyOf", "oneOf", "allOf"):
            out[key] = [short(part) for part in value]
        elif key in ("items", "additionalProperties"):
            out[key] = short(value)
        elif key == "pattern" or (key == "format" and value not in ("int32", "int64")):
            continue
        elif key == "type" and isinstance(value, list):
            out[key] = [kind for kind in value if kind != "null"]
        elif key != "format":
            out[key] = value
    if "properties" in out and "additionalProperties" not in out and not schema.get("x-kubernetes-preserve-unknown-fields"):
        out["additionalProperties"] = False
    return out


def builtin(folder, kind, version):
    """One kind with all that its file refers to, each once."""
    known = json.loads((folder / "_definitions.json").read_text())["$defs"]
    definitions, waiting = {}, []

    def take(schema):
        if isinstance(schema, list):
            return [take(part) for part in schema]
        if not isinstance(schema, dict):
            return schema
        if isinstance(schema.get("$ref"), str):
            name = schema["$ref"].rsplit("/", 1)[1]
            waiting.append(name)
            return {"$ref": "#/definitions/" + name}
        return {key: take(value) for key, value in schema.items()}

    top = json.loads((folder / f"{kind.lower()}-{version.replace('.k8s.io', '').replace('/', '-')}.json").read_text())
    top["properties"].pop("status", None)
    top = short(take(top))
    while waiting:
        name = waiting.pop()
        if name not in definitions:
            definitions[name] = short(take(known[name]))
    top["definitions"] = definitions
    return top


def custom(file):
    crd = yaml.safe_load(pathlib.Path(file).read_text())["spec"]
    for version in crd["versions"]:
        top = version["schema"]["openAPIV3Schema"]
        top["properties"].pop("status", None)
        top = short(top)
        top["properties"]["metadata"] = {"type": "object"}
        top["required"] = sorted(set(top.get("required", [])) - {"status"} | {"apiVersion", "kind", "metadata", "spec"})
        yield f'{crd["group"]}/{version["name"]} {crd["names"]["kind"]}', top


def main():
    schemas = {}
    folder = pathlib.Path(sys.argv[1])
    for kind, version in KINDS.items():
        schemas[f"{version} {kind}"] = builtin(folder, kind, version)
    for file in sys.argv[2:]:
        schemas.update(custom(file))
    json.dump(schemas, sys.stdout, sort_keys=True, separators=(",", ":"))
    print()


main()
