"""`/docs`: the OpenAPI document as a page, with nothing from any other host.

The files of Swagger UI come from the package fastapi-swagger, which carries them unchanged. Open to all, as
the document is; its Content-Security-Policy lets the page load from this service alone, and call no other.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from importlib.resources import files

from fastapi import APIRouter, Response
from fastapi.responses import FileResponse

from shared.runtime.http.problems import Problem
from shared.runtime.http.routes import Route

_FILES = str(files("fastapi_swagger") / "resources")
_TYPES: Mapping[str, str] = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "favicon-32x32.png": "image/png",
}
_START = "start.js"

# Swagger UI's icons are data in its style sheet. It needs nothing else, neither inline styles nor eval.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS: Mapping[str, str] = {"Content-Security-Policy": _POLICY, "X-Content-Type-Options": "nosniff"}
_KEPT: Mapping[str, str] = {**_HEADERS, "Cache-Control": "public, max-age=3600"}

# Addresses are relative, so that the page works behind a proxy that puts a service under a path.
_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="stylesheet" href="docs/swagger-ui.css">
<link rel="icon" href="docs/favicon-32x32.png">
</head>
<body>
<div id="swagger-ui"></div>
<noscript>This page needs JavaScript; what it shows is <a href="openapi.json">openapi.json</a>.</noscript>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""
# A script of its own: inside the page, the policy would have to allow every script that is put there.
_SCRIPT = """\
SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  showExtensions: true,
  showCommonExtensions: true,
  validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis],
});
"""


def docs_routes(title: str) -> APIRouter:
    """`/docs` and the files that it names, for the service called `title`."""
    router = APIRouter(route_class=Route, include_in_schema=False)
    page = _PAGE.format(title=escape(title))

    @router.get("/docs")
    async def docs() -> Response:
        return Response(page, headers=_HEADERS, media_type="text/html")

    @router.get("/docs/{name}")
    async def file(name: str) -> Response:
        if name == _START:
            return Response(_SCRIPT, headers=_KEPT, media_type="text/javascript")
        if name not in _TYPES:
            raise Problem(404, "not-found", "no file of /docs has that name")
        return FileResponse(f"{_FILES}/{name}", headers=_KEPT, media_type=_TYPES[name])

    return router
