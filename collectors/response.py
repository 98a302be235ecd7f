"""What a server answered: unpacked within bounds, and decoded to text."""

from __future__ import annotations

import codecs
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from charset_normalizer import from_bytes

from collectors.errors import TooLarge, Unavailable
from collectors.source import Answer

_GZIP = b"\x1f\x8b\x08"
_MOST_LAYERS = 4
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_XML_DECLARATION = re.compile(rb"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._:-]+)["']""")
_HTML_META = re.compile(rb"""<meta[^>]{0,300}?charset\s*=\s*["']?\s*([A-Za-z0-9._:-]+)""", re.IGNORECASE)
_HEADER_CHARSET = re.compile(r"""charset\s*=\s*["']?\s*([A-Za-z0-9._:-]+)""", re.IGNORECASE)
_LATIN = frozenset({"ascii", "iso8859-1", "cp1252"})
_KEPT_HEADERS = ("content-type", "etag", "last-modified", "link", "x-wp-total", "x-wp-totalpages", "date")


@dataclass(frozen=True, slots=True)
class Response:
    """One answer. `url` is where it came from in the end; header names are in lower case.

    `moved_to` is the new address where every redirect on the way was a permanent one, else None.
    """

    url: str
    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)
    moved_to: str | None = None

    @property
    def not_modified(self) -> bool:
        """Whether the server says that we have it already (304)."""
        return self.status == 304

    @property
    def etag(self) -> str | None:
        """The version's name, to be sent back next time."""
        return self.headers.get("etag")

    @property
    def last_modified(self) -> str | None:
        """The version's date as the server wrote it, to be sent back next time."""
        return self.headers.get("last-modified")

    @property
    def content_type(self) -> str:
        """The whole Content-Type header, or ''."""
        return self.headers.get("content-type", "")

    def text(self) -> str:
        """The body as text; never raises."""
        return decode(self.body, self.content_type)

    def answer(self) -> Answer:
        """The answer to keep and to parse. Only headers that mean something for parsing are kept."""
        kept = {name: self.headers[name] for name in _KEPT_HEADERS if name in self.headers}
        return Answer(self.url, self.body, self.content_type, kept)


def decode(body: bytes, content_type: str = "") -> str:
    """Bytes to text: byte order mark, header, XML or HTML declaration, UTF-8, then a guess; never raises.

    The mark wins over the header, as in https://encoding.spec.whatwg.org/#decode. A declared Latin-1 that is
    valid UTF-8 with accents is UTF-8: that is how misconfigured servers look, and never an accident.
    """
    for mark, encoding in _BOMS:
        if body.startswith(mark):
            return body.decode(encoding, "replace")
    for name in _declared(body, content_type):
        if name in _LATIN:
            return _strictly(body, "utf-8") or _strictly(body, "cp1252") or body.decode("latin-1")
        if (text := _strictly(body, name)) is not None:
            return text
    if (text := _strictly(body, "utf-8")) is not None:
        return text
    guess = from_bytes(body[:65_536]).best()
    return body.decode(guess.encoding if guess else "utf-8", "replace")


def _declared(body: bytes, content_type: str) -> list[str]:
    """Encodings named by the header and by the document itself, as Python calls them."""
    found = []
    if match := _HEADER_CHARSET.search(content_type):
        found.append(match[1])
    for pattern in (_XML_DECLARATION, _HTML_META):
        if inside := pattern.search(body[:4096]):
            found.append(inside[1].decode("ascii"))
    names = []
    for name in found:
        try:
            info = codecs.lookup(name)
        except LookupError:
            continue
        if info._is_text_encoding:  # not base64 and the like
            names.append(info.name)
    return names


def _strictly(body: bytes, encoding: str) -> str | None:
    try:
        return body.decode(encoding)
    except (UnicodeError, LookupError):
        return None


def unpack(body: bytes, limit: int, *, encodings: str = "") -> bytes:
    """Undo Content-Encoding, and gzip that was applied once more without a word (it happens).

    Raises TooLarge above `limit` bytes, Unavailable where the packed data are cut short or broken.
    """
    for encoding in reversed([name.strip().lower() for name in encodings.split(",") if name.strip()]):
        if encoding in {"gzip", "x-gzip"}:
            # Servers also announce gzip and then send none: what does not look like gzip is left alone.
            body = _inflate(body, limit, 31) if body.startswith(_GZIP) else body
        elif encoding == "deflate":
            body = _inflate(body, limit, 15 if _looks_like_zlib(body) else -15)
        elif encoding not in {"identity", "utf-8"}:
            raise Unavailable(f"the answer is packed with {encoding!r}, which was not asked for")
    for _ in range(_MOST_LAYERS):
        if not body.startswith(_GZIP):
            break
        body = _inflate(body, limit, 31)
    return body


def _looks_like_zlib(body: bytes) -> bool:
    """RFC 1950: method 8 in the low nibble, and the first two bytes a multiple of 31."""
    return len(body) > 1 and body[0] & 0x0F == 8 and (body[0] << 8 | body[1]) % 31 == 0


def _inflate(body: bytes, limit: int, window: int) -> bytes:
    """One layer of gzip (31), zlib (15) or raw deflate (-15), several members in a row included."""
    out = bytearray()
    try:
        while body:
            stream = zlib.decompressobj(window)
            out += stream.decompress(body, limit + 1 - len(out))
            if len(out) > limit:
                raise TooLarge(
                    f"the answer unpacks to more than {limit:,} bytes",
                    remedy="raise the limit for this source if that is what the site really sends",
                )
            if not stream.eof:
                raise Unavailable("the packed answer was cut short")
            body = stream.unused_data if stream.unused_data.startswith(_GZIP) else b""
    except zlib.error as error:
        raise Unavailable(f"the packed answer is broken ({error})") from error
    return bytes(out)
