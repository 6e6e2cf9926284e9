"""A real identity provider on this machine: npm's oidc-provider, which is certified; and a browser for it."""

from __future__ import annotations

import re
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from urllib.parse import urljoin

import aiohttp
import pytest
from yarl import URL

HERE = Path(__file__).parents[1] / "oidc"
INSTALL = ("npm", "ci", "--prefer-offline", "--ignore-scripts", "--no-audit", "--no-fund")
MOST_STEPS = 12


@dataclass(frozen=True)
class IdentityProvider:
    """A provider that runs; `secret` is that of its client `linli`."""

    issuer: str
    secret: str


@contextmanager
def identity_provider(folder: Path, port: int, redirect: str) -> Iterator[IdentityProvider]:
    """The provider, installed into `folder`. Skips the test, and says why, where it cannot be had."""
    for tool in ("node", "npm"):
        if shutil.which(tool) is None:
            pytest.skip(
                f"the identity provider for this test is a program for Node.js, and there is no {tool}"
            )
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, folder / name)
    installed = subprocess.run(INSTALL, cwd=folder, capture_output=True, text=True, timeout=300)
    if installed.returncode:
        pytest.skip(f"npm cannot install oidc-provider here: {installed.stderr[-300:]}")
    secret = secrets.token_urlsafe(32)
    command = ["node", str(HERE / "provider.mjs"), str(port), redirect, secret]
    output = (folder / "provider.log").open("w")
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=output, text=True)
    try:
        assert process.stdout is not None
        said = process.stdout.readline().strip()
        assert said == "ready", f"it says {said!r}, and {(folder / 'provider.log').read_text()}"
        yield IdentityProvider(f"http://127.0.0.1:{port}", secret)
    finally:
        process.terminate()
        process.wait(10)
        output.close()


FORM = re.compile(r'<form[^>]*action="([^"]+)"[^>]*>(.*?)</form>', re.DOTALL)
FIELD = re.compile(r'<input[^>]*type="hidden"[^>]*name="([^"]+)"[^>]*value="([^"]*)"')


@dataclass
class Browser:
    """Follows redirects, fills in forms, keeps cookies; `at` is where it is to stop."""

    session: aiohttp.ClientSession
    at: str

    async def sign_in(self, url: str, account: str) -> str:
        """From `url` through the provider's pages, as `account`; the address that it is sent back to."""
        method, data = "GET", dict[str, str]()
        for _ in range(MOST_STEPS):
            if url.startswith(self.at):
                return url
            where = URL(url, encoded=True)
            async with self.session.request(method, where, data=data, allow_redirects=False) as response:
                text = await response.text()
                if response.status in (302, 303):
                    url, method, data = urljoin(url, response.headers["Location"]), "GET", {}
                    continue
            assert response.status == 200, (response.status, text[:500])
            url, method, data = self._filled_in(url, text, account)
        raise AssertionError("the provider goes round in circles")

    def _filled_in(self, url: str, page: str, account: str) -> tuple[str, str, dict[str, str]]:
        found = FORM.search(page)
        assert found is not None, page[:2000]
        fields = {name: unescape(value) for name, value in FIELD.findall(found[2])}
        if 'name="login"' in found[2]:
            fields |= {"login": account, "password": "whatever"}
        return urljoin(url, unescape(found[1])), "POST", fields
