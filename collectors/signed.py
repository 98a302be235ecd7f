"""Requests to official interfaces with the user's own key, or with a token that the key is exchanged for."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from w3lib.url import url_query_cleaner

from collectors.blockpages import blocked_by
from collectors.errors import Blocked, HttpError
from collectors.json_answers import document, listing, mapping, words
from collectors.source import Answer, ParseError, SourceError

if TYPE_CHECKING:
    from collectors.http import Http
    from collectors.response import Response

_NO_SECRETS = frozenset({"grant_type", "audience", "scope"})
_REFUSALS = frozenset({400, 401, 403})
_TOKEN = re.compile(r"[\x21-\x7e]{1,8000}")


class Signed:
    """One service, asked with headers that hold the user's key. `remedy` says what to do where it is refused.

    `in_address` are the keys that an interface wants among its parameters; no answer's address keeps them.
    """

    def __init__(
        self,
        http: Http,
        service: str,
        credentials: Mapping[str, str],
        *,
        remedy: str,
        in_address: Mapping[str, str] | None = None,
    ) -> None:
        self.service = service
        self._http = http
        self._credentials = dict(credentials)
        self._in_address = dict(in_address or {})
        self._remedy = remedy

    def get(self, url: str, params: Mapping[str, object] | None = None) -> Answer:
        """One answer. Raises HttpError; a refusal says what the service said of it, never the key itself."""
        asked = {**(params or {}), **self._in_address}
        try:
            response = self._http.get(url, params=asked, accept="application/json", credentials=self._credentials)
        except HttpError as error:
            in_headers = [value.rpartition(" ")[2] for value in self._credentials.values()]
            raise self.explained(error, [*in_headers, *self._in_address.values()]) from error
        answer = response.answer()
        if not self._in_address:
            return answer
        return replace(answer, url=url_query_cleaner(answer.url, list(self._in_address), remove=True))

    def explained(self, error: HttpError, secrets: list[str]) -> HttpError:
        """The same error; a refusal in the words of the service, in which the `secrets` are left out."""
        response = error.response
        if response is None or response.status not in _REFUSALS or blocked_by(response.headers, response.body):
            return error
        said = _said(response)
        for secret in filter(None, secrets):
            said = said.replace(secret, "…")
        problem = f"{self.service} refuses ({response.status}){': ' if said else ''}{said}"
        return Blocked(problem, remedy=self._remedy, permanent=True, response=response)


class SignedIn(Signed):
    """One service that gives an access token for a while in exchange for `form` (OAuth 2.0, RFC 6749).

    The token is fetched when it is first needed, and once more when it is no longer accepted (401). Where signing
    in fails, it is not tried again. `client`, its name and its secret, go in a header (RFC 6749, 2.3.1).
    """

    def __init__(
        self,
        http: Http,
        service: str,
        token_url: str,
        form: Mapping[str, str],
        *,
        remedy: str,
        client: tuple[str, str] | None = None,
    ) -> None:
        super().__init__(http, service, {}, remedy=remedy)
        self._token_url = token_url
        self._client = client
        self._form = dict(form)
        self._is_proven = False
        self._failure: SourceError | None = None

    def get(self, url: str, params: Mapping[str, object] | None = None) -> Answer:
        """One answer. Raises HttpError, and ParseError where signing in gives no token."""
        if not self._credentials:
            self._sign_in()
        try:
            answer = super().get(url, params)
        except Blocked as error:
            if not self._is_proven or not self.has_expired(error):
                raise
            self._sign_in()
            answer = super().get(url, params)
        self._is_proven = True
        return answer

    def has_expired(self, error: HttpError) -> bool:
        """Whether a refusal says that the token is no longer accepted, and a new one may be."""
        return error.response is not None and error.response.status == 401

    def fetch_token(self) -> str:
        """A new token. Raises HttpError, and ParseError where the answer holds none."""
        secrets = [value for name, value in self._form.items() if name not in _NO_SECRETS]
        key = {}
        if self._client:
            pair = base64.b64encode(":".join(self._client).encode()).decode()
            secrets += [self._client[1], pair]
            key = {"Authorization": f"Basic {pair}"}
        try:
            response = self._http.post(self._token_url, form=self._form, credentials=key)
        except HttpError as error:
            raise self.explained(error, secrets) from error
        return self.token_in(response.answer(), "access_token")

    def token_in(self, answer: Answer, name: str) -> str:
        """The token of this name in an answer. Raises ParseError where there is none."""
        token = words(mapping(document(answer, self.service)).get(name), 8000)
        if token is None or not _TOKEN.fullmatch(token):
            raise ParseError(f"{self.service} gave no access token", remedy=self._remedy)
        return token

    def _sign_in(self) -> None:
        if self._failure is not None:
            raise self._failure
        try:
            self._credentials = {"Authorization": f"Bearer {self.fetch_token()}"}
        except SourceError as error:
            self._failure = error
            raise
        self._is_proven = False


def reason(error: HttpError) -> str:
    """The short word for why a service refused, as Google, Meta, Bluesky and Reddit write it; '' without one."""
    told = _told(error.response) if error.response else {}
    inner = mapping(told.get("error"))
    first = mapping(next(iter(listing(inner.get("errors"))), None))
    candidates = (first.get("reason"), inner.get("code"), told.get("reason"), told.get("error"))
    return next((said for one in candidates if (said := words(one, 100))), "")


def _said(response: Response) -> str:
    """What an answer in JSON says of its error: as Google, as X, as RFC 6749 (5.2) and as Apigee write it."""
    told = _told(response)
    fault, inner = mapping(told.get("fault")), mapping(told.get("error"))
    first = mapping(next(iter(listing(told.get("errors"))), None))
    candidates = (
        inner.get("message"), told.get("error_description"), first.get("message"), told.get("detail"),
        told.get("message"), told.get("error"), fault.get("faultstring"), told.get("Message"),
    )  # fmt: skip
    return next((said for one in candidates if (said := words(one, 200))), "")


def _told(response: Response) -> dict[str, Any]:
    try:
        return mapping(document(response.answer(), ""))
    except ParseError:
        return {}
