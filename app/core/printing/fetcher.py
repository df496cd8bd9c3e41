"""The only door through which a document can load anything: a fixed map from names to bytes, held in memory."""

from collections.abc import Mapping
from typing import Any

from weasyprint.urls import URLFetcher, URLFetcherResponse


class SealedFetcher(URLFetcher):
    """Answers for the names in `assets` (absolute URL to content type and bytes) and refuses everything else.

    Files, web addresses, data URLs and redirects never reach the parent class, which knows how to open them.
    """

    def __init__(self, assets: Mapping[str, tuple[str, bytes]]) -> None:
        super().__init__(allowed_protocols=(), allow_redirects=False)
        self._assets = dict(assets)

    def fetch(self, url: str, headers: Mapping[str, str] | None = None) -> Any:
        """The response for a known name; raises `PermissionError`, which WeasyPrint logs and then goes on without the resource."""
        if url not in self._assets:
            raise PermissionError("A printed page loads nothing from outside.")
        content_type, body = self._assets[url]
        return URLFetcherResponse(url, body, {"Content-Type": content_type})
