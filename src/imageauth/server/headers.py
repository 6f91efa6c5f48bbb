"""Where the page lies, and the headers that protect it: from the service, and from a static site."""

from pathlib import Path

STATIC = Path(__file__).parent / "static"
"""The page's folder."""

PAGE_POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; style-src 'self'; "
    "img-src 'self' blob: data:; connect-src 'self'; manifest-src 'self'; font-src 'self'; "
    "base-uri 'none'; form-action 'none'"
)
"""What a page can say of itself in a ``meta`` element (Content Security Policy Level 3)."""

CSP = f"{PAGE_POLICY}; frame-ancestors 'none'"
"""The whole policy, for a header."""

SECURITY_HEADERS = {
    "Content-Security-Policy": CSP,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
"""Of every answer."""
