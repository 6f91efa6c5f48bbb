"""Which files private mode takes from which npm packages, pinned to the byte."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Package:
    """Files of an npm package.

    Attributes:
        name, version: of the package.
        licence: SPDX identifier.
        integrity: SHA-512 of the archive as npm gives it, ``sha512-…`` in base64.
        files: path inside the archive → path below the page's ``private/``.
        rewrites: path below ``private/`` → (what stands in that file, what is put in its place).
    """

    name: str
    version: str
    licence: str
    integrity: str
    files: Mapping[str, str]
    rewrites: Mapping[str, tuple[bytes, bytes]] = field(default_factory=dict)

    @property
    def archive(self) -> str:
        """Name of the file that ``npm pack`` writes."""
        return f"{self.name.removeprefix('@').replace('/', '-')}-{self.version}.tgz"


# With threads, without, and for browsers without relaxed SIMD.
_WASM = ("litert_wasm_threaded_internal", "litert_wasm_internal", "litert_wasm_compat_internal")

LITERT = Package(
    name="@litertjs/core",
    version="2.5.3",
    licence="Apache-2.0",
    integrity="sha512-PlGmbMOq9WitX7FO0jhbdJw9GthatsyuCQXjTt/wJZo0FLaw48q4tz8IwqgqCIkviYGr9OFDL1kCnN4nzWoyJQ==",
    files={
        "package/dist/index.js": "runtime/litert.js",
        "package/package.json": "runtime/package.json",
        "package/README.md": "runtime/README.md",
        **{f"package/wasm/{name}.{ending}": f"runtime/{name}.{ending}" for name in _WASM for ending in ("js", "wasm")},
    },
    # Its loader of WebAssembly works on pages only, not in module workers, and is named as no browser can find it.
    rewrites={"runtime/litert.js": (b'"@litertjs/wasm-utils"', b'"../../js/private/litert_loader.js"')},
)

# Python for browsers, without any package: the standard library is all that reading files needs.
PYODIDE = Package(
    name="pyodide",
    version="314.0.7",
    licence="MPL-2.0",
    integrity="sha512-0YvXxEhfEdpLfb/XkM2BFAeMROq0iMUX2bzzH9pOttyMcWkwq+HbE5uyuGD82LN7y2q+SNvi/6V5JEsOlD2R1A==",
    files={
        f"package/{name}": f"python/{name}"
        for name in (
            "pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip", "pyodide-lock.json",
            "package.json", "README.md",
        )
    },
)  # fmt: skip

# The C2PA library. Its package of a higher level, c2pa-web, fetches and caches by itself, which nobody needs here.
C2PA = Package(
    name="@contentauth/c2pa-wasm",
    version="0.11.0",
    licence="MIT",
    integrity="sha512-pL7tGZnM/qQz7JFCPB0hWSZM41L4aUEF/SV9B1fL+0L2sUZT1Zj7UGcUjSmiRWeXLagQ8Jds7RF+XQ9gxZiG7g==",
    files={
        "package/pkg/c2pa.js": "credentials/c2pa.js",
        "package/pkg/c2pa_bg.wasm": "credentials/c2pa_bg.wasm",
        "package/package.json": "credentials/package.json",
        "package/LICENSE": "credentials/LICENSE",
    },
)

PACKAGES = (LITERT, PYODIDE, C2PA)
