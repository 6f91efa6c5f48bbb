"""The bill of materials: what is in a clean installation, as CycloneDX JSON, with the models as what they are."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from release.checks import Check
from release.contents import Machine, unwanted
from release.environment import Environment

SPECIFICATION = "1.6"


def write(environment: Environment, to: Path) -> dict[str, Any]:
    """Write it.

    ``cyclonedx-bom`` lists the packages; what it says of the build machine is taken out, and the models are put in.

    Returns:
        What was written.
    """
    command = [sys.executable, "-m", "cyclonedx_py", "environment", "--spec-version", SPECIFICATION, "--of", "JSON"]
    command += ["--output-reproducible", "--no-validate", str(environment.python)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"the bill of materials cannot be made: {done.stderr.strip()}")
    bom: dict[str, Any] = json.loads(done.stdout)
    own = next(item for item in bom["components"] if item["name"] == "imageauth")
    bom["components"].remove(own)
    own["type"] = "application"
    for item in (own, *bom["components"]):
        pages = [page for page in item.pop("externalReferences", []) if page["url"].startswith("https://")]
        if pages:
            item["externalReferences"] = pages
    models = [_model(path) for path in sorted(environment.packages.glob("imageauth/models/*/card.json"))]
    bom["metadata"]["component"] = own
    bom["components"] += models
    depends = next(item for item in bom["dependencies"] if item["ref"] == own["bom-ref"])
    depends["dependsOn"] = sorted([*depends.get("dependsOn", []), *(model["bom-ref"] for model in models)])
    bom["dependencies"] += [{"ref": model["bom-ref"]} for model in models]
    to.write_text(json.dumps(bom, indent=1) + "\n", encoding="utf-8")
    return bom


def _model(card_file: Path) -> dict[str, Any]:
    card = json.loads(card_file.read_text(encoding="utf-8"))
    name = f"imageauth-{card['name']}"
    return {
        "bom-ref": f"model:{name}",
        "type": "machine-learning-model",
        "name": name,
        "version": str(card["version"]),
        "description": f"models/{card['name']}/model.tflite in the wheel; see the model card beside it, and NOTICE.",
        "hashes": [{"alg": "SHA-256", "content": card["sha256"]}],
    }


def check_sbom(file: Path, bom: dict[str, Any], installed: int, machine: Machine) -> Check:
    """Whether it fits CycloneDX' schema, lists every package and the models, and gives nothing away."""
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    text = file.read_text(encoding="utf-8")
    error = JsonStrictValidator(SchemaVersion.from_version(SPECIFICATION)).validate_str(text)
    wrong = [f"{file.name} does not fit the schema of CycloneDX {SPECIFICATION}: {error.data.message}"] if error else []
    wrong += unwanted(file.name, text.encode(), machine)
    kinds = [item["type"] for item in bom["components"]]
    packages, models = kinds.count("library"), kinds.count("machine-learning-model")
    if packages != installed:
        wrong.append(f"{file.name} lists {packages} packages, but {installed} are installed")
    if not models:
        wrong.append(f"{file.name} lists no model")
    found = f"CycloneDX {SPECIFICATION}: {packages} packages, {models} models, {len(bom['dependencies'])} dependencies"
    return Check("bill of materials", found, tuple(wrong))
