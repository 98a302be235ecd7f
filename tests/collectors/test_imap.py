"""The IMAP source: captured messages offline, a real dovecot, and servers that mean no good."""

import hashlib
import socket
import socketserver
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import dovecot
import pytest
from pydantic import SecretStr, ValidationError

from collectors.errors import AddressRefused
from collectors.http import Http, HttpSettings
from collectors.post import PostKind
from collectors.source import Answer, Cursor, Page, ParseError, SourceError
from collectors.sources.imap import Imap, Options

NOW = datetime.now(UTC).replace(microsecond=0)


def options(**given: object) -> Options:
    return Options.model_validate({"host": "127.0.0.1", "user": "avis", "password": SecretStr("x"), **given})


def parse(body: bytes) -> Page:
    return Imap.parse(Answer("", body))


def letter(number: int, text: str = "Bonjour", *headers: str) -> bytes:
    lines = [
        f"From: Client {number} <client{number}@example.org>",
        f"Subject: Commande {number}",
        f"Message-ID: <{number}@example.org>",
        f"Date: {format_datetime(NOW - timedelta(hours=1))}",
        "Content-Type: text/plain; charset=utf-8",
        *headers,
    ]
    return ("\n".join(lines) + f"\n\n{text}\n").encode()


# Captures: what they hold is not repeated here, its SHA-256 is


def mark(text: str | None) -> str:
    return hashlib.sha256((text or "").encode()).hexdigest()[:12]


def test_captured_letters_give_who_wrote_what_when_and_in_which_thread(shared: Path) -> None:
    folder = shared / "captures" / "imap"
    [first] = parse((folder / "imap1.eml").read_bytes()).posts
    assert (first.kind, mark(first.external_id), first.parent_id) == (PostKind.POST, "dbe28240e15d", None)
    assert (mark(first.title), mark(first.text)) == ("c4f1ac57bd09", "6e68ad9bffc6")
    assert (mark(first.author.id), mark(first.author.name)) == ("dd2960e75a9e", "2d7a3b80900f")
    assert first.published_at == datetime(2014, 5, 9, 7, 0, tzinfo=UTC)
    [second] = parse((folder / "imap2.eml").read_bytes()).posts
    assert (mark(second.external_id), mark(second.text)) == ("93a6c593cc77", "811e3bb8ecec")
    assert second.published_at == datetime(2014, 5, 9, 8, 0, tzinfo=UTC)
    [third] = parse((folder / "live-local-dovecot-utf8-multipart.eml").read_bytes()).posts
    assert (mark(third.title), mark(third.author.name)) == ("7b6664444523", "e822264df3c0")
    assert mark(third.text) == "f353d19f1a60"
    assert third.published_at == datetime(2026, 11, 21, 19, 0, tzinfo=UTC)


def test_a_captured_notification_gives_the_comment_it_tells_of(shared: Path) -> None:
    html = (shared / "captures" / "facebook" / "facebook.comment.email.html").read_bytes()
    [post] = parse(html).posts
    assert (post.kind, mark(post.text)) == (PostKind.COMMENT, "4e9f00de49d6")
    assert (mark(post.author.name), post.segments) == ("caaf1400d603", {"platform": "facebook"})
    mail = b"From: Facebook <notification@facebookmail.com>\nList-Unsubscribe: <x>\nMessage-ID: <n1@facebook>\n"
    mail += b"Date: Mon, 14 Dec 2020 20:35:00 +0000\nContent-Type: text/html; charset=utf-8\n\n"
    [told] = parse(mail + html).posts
    assert (told.text, told.external_id) == (post.text, "n1@facebook")
    assert told.published_at == datetime(2020, 12, 14, 20, 35, tzinfo=UTC)


def test_a_captured_notification_of_a_like_tells_of_no_words(shared: Path) -> None:
    with pytest.raises(ParseError, match="no words"):
        parse((shared / "captures" / "facebook" / "facebook.like.email.html").read_bytes())


def told_by_facebook(
    post: str, profile: str = "https://www.facebook.com/n/?zoe.martin&lloc=x&bcode=secret"
) -> bytes:
    return f"""<table id="email_table"><tr><td><span class="mb_text"><span class="mb_text">
      <a href="{profile}">Zoé</a> commented on your <a href="{post}">post</a>.</span></span>
      <span class="mb_text">Toujours &amp; encore en retard</span></td></tr></table>""".encode()


def test_the_address_of_a_comment_comes_without_what_signs_its_reader_in() -> None:
    link = "https://www.facebook.com/n/?permalink.php&story_fbid=12&id=34&comment_id=56&bcode=secret&n_m=a%40b.fr"
    [post] = parse(told_by_facebook(link.replace("&", "&amp;"))).posts
    assert post.url == "https://www.facebook.com/permalink.php?story_fbid=12&id=34&comment_id=56"
    assert (post.external_id, post.text) == ("facebook:56", "Toujours & encore en retard")
    assert post.author.url == "https://www.facebook.com/zoe.martin"


@pytest.mark.parametrize(
    "link", ["https://facebook.com.evil.example/x", "https://notfacebook.com/x", "x:", "http://[", ""]
)
def test_an_address_elsewhere_is_not_taken_for_facebooks(link: str) -> None:
    [post] = parse(told_by_facebook(link, link)).posts
    assert (post.url, post.author.url) == (None, None)


# Offline


def test_what_no_person_wrote_is_left_out_and_said() -> None:
    page = parse(letter(1, "Absent du bureau", "Auto-Submitted: auto-replied"))
    assert not page.posts
    assert "auto-replied" in page.faults[0].problem


@pytest.mark.parametrize("body", [b"", b"a,b\n1,2", b"<p>rien</p>", b'<span class="mb_text" id="email_table">'])
def test_what_is_no_mail_is_refused(body: bytes) -> None:
    with pytest.raises(ParseError):
        parse(body)


@pytest.mark.parametrize(
    "wrong",
    [
        {"host": "imap://x"},
        {"host": "a b"},
        {"folder": "a\r\nb DELETE"},
        {"user": "a\r\n"},
        {"port": 0},
        {"security": "ssl"},
        {"password": "in clear"},
    ],
)
def test_wrong_options_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        options(**wrong)


# A real server


@pytest.fixture
def server() -> Iterator[dovecot.Dovecot]:
    if reason := dovecot.why_not():
        pytest.skip(reason)
    with tempfile.TemporaryDirectory(prefix="dc", dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        with dovecot.serve(Path(folder) / "s") as running:
            yield running


def read(
    server: dovecot.Dovecot, cursor: Cursor | None = None, since: datetime | None = None, **given: object
) -> list[Page]:
    settings = HttpSettings(allowed_hosts=frozenset({"127.0.0.1"}), ca_file=server.authority)
    chosen = {"port": server.tls_port, "password": SecretStr(dovecot.PASSWORD), **given}
    with Http(settings) as http:
        return list(Imap(options(**chosen)).pages(http, cursor or {}, since=since))


def texts(pages: list[Page]) -> list[str]:
    return [post.text for page in pages for post in page.posts]


@pytest.mark.slow
def test_a_mailbox_is_read_once_and_nothing_is_marked_as_read(server: dovecot.Dovecot, shared: Path) -> None:
    real = (shared / "captures" / "imap" / "live-local-dovecot-utf8-multipart.eml").read_bytes()
    server.put(letter(1, "Où est mon colis ?"), letter(2, "Désabonnez-moi", "List-Id: <x>"), real)
    pages = read(server)
    assert [mark(text) for text in texts(pages)] == [mark("Où est mon colis ?"), "f353d19f1a60"]
    assert [page.cursor["uid"] for page in pages] == [1, 3]
    assert pages[0].answer is not None
    assert Imap.parse(pages[0].answer).posts == pages[0].posts
    assert read(server, pages[-1].cursor) == []
    assert all(b"\\Seen" not in flags for flags in server.flags())
    server.put(letter(4, "Et maintenant ?", "In-Reply-To: <1@example.org>"))
    [again] = read(server, pages[-1].cursor)
    assert [(post.text, post.parent_id) for post in again.posts] == [("Et maintenant ?", "1@example.org")]


@pytest.mark.slow
def test_a_run_cut_short_goes_on_at_the_next_message(server: dovecot.Dovecot) -> None:
    server.put(*(letter(number, f"lettre {number}") for number in range(1, 6)))
    whole = read(server)
    for stopped, page in enumerate(whole, 1):
        assert texts(read(server, page.cursor)) == texts(whole)[stopped:]


@pytest.mark.slow
def test_a_folder_made_anew_is_read_anew_under_the_same_ids(server: dovecot.Dovecot) -> None:
    coded = '"Avis clients &AOk-"'  # modified UTF-7 (RFC 3501, 5.1.3)
    server.put(letter(1), letter(2), folder=coded)
    first = read(server, folder="Avis clients é")
    with server.session() as client:
        client.delete(coded)
    server.put(letter(2), letter(3), folder=coded)
    again = read(server, first[-1].cursor, folder="Avis clients é")
    assert [post.external_id for page in again for post in page.posts] == ["2@example.org", "3@example.org"]
    assert again[0].cursor["uid_validity"] != first[0].cursor["uid_validity"]


@pytest.mark.slow
def test_own_mails_and_messages_from_before_a_day_are_left_out(server: dovecot.Dovecot) -> None:
    server.put(letter(1, "à nous"), letter(2, "de nous"))
    found = read(server, own=["@nowhere.example", "client2@example.org"])
    assert texts(found) == ["à nous"]
    assert found[-1].cursor["uid"] == 2
    assert texts(read(server, since=NOW + timedelta(days=3))) == []
    assert texts(read(server, since=NOW - timedelta(days=3))) == ["à nous", "de nous"]


@pytest.mark.slow
def test_of_a_huge_message_the_beginning_is_read(server: dovecot.Dovecot) -> None:
    server.put(letter(1, "Début. " + "x" * 3_000_000))
    [page] = read(server, max_bytes=20_000)
    assert page.answer is not None
    assert len(page.answer.body) == 20_000
    assert page.posts[0].text.startswith("Début. xxx")


@pytest.mark.slow
def test_what_is_wrong_with_an_account_is_said_with_a_remedy(server: dovecot.Dovecot) -> None:
    with pytest.raises(SourceError, match="refuses the password") as caught:
        read(server, password=SecretStr("faux"))
    assert caught.value.permanent
    assert "faux" not in f"{caught.value} {caught.value.remedy}"
    with pytest.raises(SourceError, match="no folder 'Nulle part'"):
        read(server, folder="Nulle part")
    assert texts(read(server, port=server.port, security="starttls")) == []
    assert texts(read(server, port=server.port, security="none")) == []
    with pytest.raises(SourceError, match="no secure connection"):
        read(server, port=server.port)


@pytest.mark.slow
def test_a_certificate_nobody_vouches_for_is_refused(server: dovecot.Dovecot) -> None:
    settings = HttpSettings(allowed_hosts=frozenset({"127.0.0.1"}))
    with Http(settings) as http, pytest.raises(SourceError, match="no secure connection") as caught:
        list(Imap(options(port=server.tls_port)).pages(http, {}))
    assert caught.value.permanent


# The door


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "2130706433", "[::1]".strip("[]"), "10.0.0.1", "169.254.1.1"]
)
def test_private_addresses_are_refused_unless_they_are_allowed(host: str) -> None:
    with Http() as http, pytest.raises(AddressRefused):
        list(Imap(options(host=host)).pages(http, {}))


def test_a_password_is_not_sent_in_clear_over_the_internet() -> None:
    with Http() as http, pytest.raises(SourceError, match="without encryption"):
        list(Imap(options(host="8.8.8.8", security="none")).pages(http, {}))


@contextmanager
def scripted(*answers: bytes) -> Iterator[int]:
    """A server that greets and then sends one answer for each command, TAG replaced by the command's."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            try:
                self.wfile.write(b"* OK hello\r\n")
                for answer in answers:
                    tag = self.rfile.readline().split(b" ")[0]
                    self.wfile.write(answer.replace(b"TAG", tag))
                self.rfile.readline()
            except OSError:
                pass

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as running:
        running.daemon_threads = True
        threading.Thread(target=running.serve_forever, daemon=True).start()
        try:
            yield running.server_address[1]
        finally:
            running.shutdown()


CAPABLE = b"* CAPABILITY IMAP4rev1\r\nTAG OK done\r\n"
OPENED = (
    CAPABLE,
    b"TAG OK done\r\n",
    b"* 1 EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\nTAG OK [READ-ONLY] done\r\n",
    b"* SEARCH 5\r\nTAG OK done\r\n",
)


@pytest.mark.parametrize(
    "answers",
    [
        (b"* BYE go away\r\n",),
        (b"* CAPABILITY NOTHING\r\nTAG OK done\r\n",),
        (*OPENED[:3], b"garbage\r\n"),
        (*OPENED[:3], b"* SEARCH x y\r\nTAG BAD what\r\n"),
        (*OPENED, b"* 1 FETCH (UID 5 BODY[]<0> {99999999999}\r\n"),
        (*OPENED, b"* 1 FETCH (UID 5 BODY[]<0> {10}\r\nabc"),
        (*OPENED, b"x" * 12_000_000 + b"\r\n"),
        (*OPENED, b"TAG NO never\r\n"),
    ],
    ids=["bye", "incapable", "garbage", "bad", "huge", "cut", "long", "no"],
)
def test_a_server_that_answers_anything_gives_a_source_error(answers: tuple[bytes, ...]) -> None:
    settings = HttpSettings(allowed_hosts=frozenset({"127.0.0.1"}), read_timeout=0.3, total_timeout=1.0)
    with scripted(*answers) as port, Http(settings) as http, pytest.raises(SourceError) as caught:
        list(Imap(options(port=port, security="none")).pages(http, {}))
    assert "127.0.0.1" in str(caught.value)


def test_a_message_taken_away_meanwhile_is_passed_over() -> None:
    settings = HttpSettings(allowed_hosts=frozenset({"127.0.0.1"}))
    with scripted(*OPENED, b"TAG OK done\r\n", b"* BYE\r\nTAG OK done\r\n") as port, Http(settings) as http:
        [page] = Imap(options(port=port, security="none")).pages(http, {})
    assert (page.posts, page.cursor) == ([], {"uid_validity": 7, "uid": 5})


def test_nobody_there_is_said() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    settings = HttpSettings(allowed_hosts=frozenset({"127.0.0.1"}))
    with Http(settings) as http, pytest.raises(SourceError, match="cannot be reached"):
        list(Imap(options(port=port)).pages(http, {}))
