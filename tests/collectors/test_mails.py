"""Mails read: charsets, nesting, what was quoted and signed, clocks that lie, and what no person wrote."""

import hashlib
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.mails import decode_words, looks_like_mail, read_mail, unflow
from collectors.source import ParseError
from collectors.written import without_quotes, without_quotes_html

HEAD = "From: Zoé Martin <zoe@example.org>\nTo: avis@lila.example\nMessage-ID: <m1@example.org>\n"
MORNING = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


def text_of(body: str, *headers: str) -> str:
    return read_mail((HEAD + "".join(f"{line}\n" for line in headers) + "\n" + body).encode()).text


def mail_of(*headers: str, body: str = "Bonjour") -> bytes:
    return ("".join(f"{line}\n" for line in headers) + "\n" + body).encode()


def test_a_letter_in_full() -> None:
    mail = read_mail(
        mail_of(
            "From: =?utf-8?q?Zo=C3=A9?= Martin <Zoe@Example.org>",
            "Subject: =?iso-8859-1?q?R=E9clamation?=\n =?iso-8859-1?q?_n=B0_12?=",
            "Message-ID:  <m1@example.org>",
            "In-Reply-To: <m0@lila.example>",
            "References: <a@b> <m0@lila.example>",
            "Date: Fri, 20 Nov 2026 10:00:00 +0100",
            body="Toujours rien reçu.",
        )
    )
    assert (mail.id, mail.parent_id) == ("m1@example.org", "m0@lila.example")
    assert (mail.name, mail.address) == ("Zoé Martin", "zoe@example.org")
    assert (mail.subject, mail.text) == ("Réclamation n° 12", "Toujours rien reçu.")
    assert (mail.sent_at, mail.unasked) == (MORNING, None)


def test_without_in_reply_to_the_last_reference_is_what_is_answered() -> None:
    assert read_mail(mail_of("From: a@b.fr", "References: <x@y> <z@y>")).parent_id == "z@y"


def test_a_message_without_an_id_is_known_by_its_content() -> None:
    body = mail_of("From: a@b.fr")
    assert read_mail(body).id == hashlib.sha256(body).hexdigest()


@pytest.mark.parametrize(
    ("charset", "encoding"),
    [
        ("windows-1252", "quoted-printable"),
        ("iso-8859-15", "8bit"),
        ("utf-8", "base64"),
        ("", "8bit"),
        ("x-unknown", "8bit"),
        ("us-ascii", "8bit"),
    ],
)
def test_accents_survive_whatever_the_charset_and_the_encoding(charset: str, encoding: str) -> None:
    import base64
    import quopri

    said = "Déçue : 12 € de trop, « jamais » livré"
    if charset == "iso-8859-15":
        said = "Déçue : 12 € de trop"
    raw = said.encode(charset if charset.startswith(("win", "iso", "utf")) else "cp1252")
    packed = {"base64": base64.encodebytes, "quoted-printable": quopri.encodestring, "8bit": bytes}[encoding](raw)
    declared = f"; charset={charset}" if charset else ""
    head = f"{HEAD}Content-Type: text/plain{declared}\nContent-Transfer-Encoding: {encoding}\n\n"
    assert read_mail(head.encode() + packed).text == said


def test_raw_bytes_in_headers_are_read() -> None:
    mail = read_mail("From: Zoé <z@e.org>\nSubject: Déçue\n\nok".encode("latin-1"))
    assert (mail.name, mail.subject) == ("Zoé", "Déçue")


@pytest.mark.parametrize("value", ["=?utf-8?b?AAA?=", "=?", "=?x?q?=ff?=", "=?utf-8?b?!!!?=", "=?klingon?q?a?="])
def test_broken_encoded_words_are_no_error(value: str) -> None:
    assert isinstance(decode_words(value), str)


def test_a_character_split_between_two_encoded_words_is_put_together() -> None:
    assert decode_words("=?utf-8?q?caf=C3?= =?utf-8?q?=A9?=") == "café"


def test_plain_text_is_read_before_html_and_attachments_are_not() -> None:
    message = MIMEMultipart("mixed")
    message["From"], message["Message-ID"] = "a@b.fr", "<1@b.fr>"
    both = MIMEMultipart("alternative")
    both.attach(MIMEText("en clair", "plain", "utf-8"))
    both.attach(MIMEText("<p>en HTML</p>", "html", "utf-8"))
    message.attach(both)
    log = MIMEText("journal du serveur", "plain")
    log["Content-Disposition"] = 'attachment; filename="log.txt"'
    message.attach(log)
    mail = read_mail(message.as_bytes())
    assert (mail.text, mail.html) == ("en clair", "<p>en HTML</p>")


def test_html_alone_becomes_text() -> None:
    assert text_of("<p>Bonjour,</p><p>rien re&ccedil;u</p>", "Content-Type: text/html") == "Bonjour,\n\nrien reçu"


def test_an_empty_plain_part_gives_way_to_html() -> None:
    message = MIMEMultipart("alternative")
    message["From"] = "a@b.fr"
    message.attach(MIMEText("  \n", "plain"))
    message.attach(MIMEText("<b>là</b>", "html", "utf-8"))
    assert read_mail(message.as_bytes()).text == "là"


def test_flowed_lines_are_put_together() -> None:
    said = "Une longue \nphrase sur \ntrois lignes.\n> cité \n> encore\nFin"
    assert unflow(said) == "Une longue phrase sur trois lignes.\n> cité encore\nFin"
    assert unflow("déb \nut", delsp=True) == "début"
    assert unflow(" >pas cité\n-- \nZoé") == ">pas cité\n-- \nZoé"


def test_format_flowed_is_taken_from_the_content_type() -> None:
    assert text_of("Livraison \nen retard", "Content-Type: text/plain; format=flowed") == "Livraison en retard"


LETTER = "Mon colis est arrivé cassé.\nQue faites-vous ?"


@pytest.mark.parametrize(
    "tail",
    [
        "\n\nLe ven. 20 nov. 2026 à 10:00, Lila <avis@lila.example> a écrit :\n> Bonjour,\n> merci",
        "\n\nLe ven. 20 nov. 2026 à 10:00, Service client de Lila\n<avis@lila.example> a écrit :\n\n> ok",
        "\n\nOn Fri, Nov 20, 2026 at 10:00 AM Lila <avis@lila.example> wrote:\n> Hello",
        "\n\nOn Fri, Nov 20, 2026 Lila wrote:\n\nHello, thank you for your message",
        "\n\n-----Message d'origine-----\nDe : Lila\nBonjour",
        "\n\n-----Original Message-----\nFrom: Lila\nHello",
        "\n\n________________________________\nDe : Lila <a@b>\nEnvoyé : vendredi\nÀ : Zoé\nObjet : Re\n\nOk",
        "\n\nFrom: Lila <a@b>\nSent: Friday\nTo: Zoé\nSubject: Re\n\nHello",
        "\n> tout\n> ce qui précède",
        "\n-- \nZoé Martin\n01 02 03 04 05",
        "\n\nEnvoyé de mon iPhone",
        "\n\nSent from my Galaxy",
        "\n\nTélécharger Outlook pour iOS",
        "\n\nEnvoyé de mon iPhone\n\n> Le 20 nov. 2026 à 10:00, Lila <a@b> a écrit :\n> \n> Bonjour",
    ],
)  # fmt: skip
def test_what_is_answered_and_the_signature_are_left_out(tail: str) -> None:
    assert without_quotes(LETTER + tail) == LETTER


def test_a_name_and_a_number_after_a_farewell_are_left_out_and_an_afterthought_is_not() -> None:
    signed = f"{LETTER}\n\nCordialement,\nZoé Martin\nTél. 01 02 03 04 05"
    assert without_quotes(signed) == f"{LETTER}\n\nCordialement,"
    thought = f"{LETTER}\n\nCordialement,\nZoé\nPS : et la facture ?"
    assert without_quotes(thought) == thought


def test_answers_between_quoted_lines_stay() -> None:
    said = "Le 20/11/2026, Lila a écrit :\n> Quel numéro ?\nLe 12.\n> Quelle date ?\nHier."
    assert without_quotes(said) == "Le 12.\nHier."


def test_a_sentence_that_speaks_of_writing_is_no_quote() -> None:
    said = "Le livreur a écrit : absent.\nFaux, j'étais là.\nOn m'a répondu non."
    assert without_quotes(said) == said


def test_a_forwarded_letter_is_kept() -> None:
    body = "Pour vous.\n\nDe : Paul <p@e.fr>\nEnvoyé : lundi\nÀ : Zoé\nObjet : colis\n\nToujours rien."
    assert "Toujours rien." in text_of(body, "Subject: TR: colis")
    assert text_of(body, "Subject: Re: colis") == "Pour vous."
    passed_on = (
        "---------- Forwarded message ---------\nDe : Paul <p@e.fr>\nDate: lundi\nTo: Zoé\n\nToujours rien."
    )
    assert "Toujours rien." in text_of(passed_on, "Subject: colis")


@pytest.mark.parametrize(
    "quoted",
    [
        '<div class="gmail_quote"><div class="gmail_attr">Le … a écrit :</div>vieux</div>',
        '<blockquote type="cite">vieux</blockquote>',
        '<div class="moz-cite-prefix">Le … a écrit</div><blockquote type="cite">vieux</blockquote>',
        '<div id="divRplyFwdMsg">De : Lila</div><div>vieux</div>',
        '<div id="appendonsend"></div><hr><div>vieux</div>',
        '<div class="gmail_signature">vieux</div>',
    ],
)
def test_what_mail_programs_mark_as_quoted_is_left_out(quoted: str) -> None:
    left = without_quotes_html(f"<div>neuf</div>{quoted}")
    assert "neuf" in left
    assert "vieux" not in left


def test_a_mail_that_is_nothing_but_quoted_html_keeps_it() -> None:
    assert "seul" in without_quotes_html('<blockquote type="cite">seul</blockquote>')


@pytest.mark.parametrize(
    ("said", "carried", "received", "taken"),
    [
        (MORNING, MORNING, MORNING, MORNING),
        (MORNING - timedelta(days=2), MORNING, MORNING, MORNING - timedelta(days=2)),
        (MORNING + timedelta(days=30), MORNING, MORNING, MORNING),
        (datetime(1970, 1, 1, tzinfo=UTC), MORNING, MORNING, MORNING),
        (MORNING, MORNING, MORNING + timedelta(days=900), MORNING),
        (MORNING, None, MORNING + timedelta(days=900), MORNING),
        (None, MORNING, MORNING + timedelta(days=900), MORNING),
        (None, None, MORNING, MORNING),
        (None, None, None, None),
        (MORNING, None, None, MORNING),
    ],
    ids=["agree", "queued", "future", "1970", "moved", "copied", "undated", "bare", "nothing", "offline"],
)
def test_the_authors_clock_is_believed_unless_the_servers_show_it_wrong(
    said: datetime | None, carried: datetime | None, received: datetime | None, taken: datetime | None
) -> None:
    lines = ["From: a@b.fr"]
    if carried:
        lines.append(f"Received: from a by b; {carried:%a, %d %b %Y %H:%M:%S} +0000")
    if said:
        lines.append(f"Date: {said:%a, %d %b %Y %H:%M:%S} +0000")
    assert read_mail(mail_of(*lines), received).sent_at == taken


@pytest.mark.parametrize(
    "header",
    [
        "Auto-Submitted: auto-replied",
        "Auto-Submitted: auto-generated; x=y",
        "List-Id: <offres.lila.example>",
        "List-Unsubscribe: <mailto:stop@lila.example>",
        "Precedence: bulk",
        "Return-Path: <>",
        "X-Autoreply: yes",
        "Content-Type: multipart/report; report-type=delivery-status; boundary=x",
    ],
)
def test_what_no_person_wrote_is_told(header: str) -> None:
    assert read_mail(mail_of("From: a@b.fr", header)).unasked


@pytest.mark.parametrize("header", ["Auto-Submitted: no", "Precedence: normal", "Return-Path: <a@b.fr>"])
def test_what_a_person_wrote_is_not(header: str) -> None:
    assert read_mail(mail_of("From: a@b.fr", header)).unasked is None


def test_a_mailer_daemon_is_told() -> None:
    assert read_mail(mail_of("From: MAILER-DAEMON@mx.example.org")).unasked


@pytest.mark.parametrize(
    "body", [b"", b"id,texte\n1,bien\n", b"<html>From: a</html>", b"{}", b"Note: 4\nTexte: bien"]
)
def test_what_is_no_mail_is_refused(body: bytes) -> None:
    assert not looks_like_mail(body)
    with pytest.raises(ParseError):
        read_mail(body)


def test_a_message_nested_a_thousand_deep_ends() -> None:
    start = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(1000))
    try:
        assert read_mail(b"From: a@b.fr\n" + start + b"\nfond").text == ""
    except ParseError as error:
        assert "broken" in str(error)


def test_a_forwarded_message_that_is_attached_is_not_taken_for_the_letter() -> None:
    inner = EmailMessage()
    inner["From"], inner["Subject"] = "p@e.fr", "vieux"
    inner.set_content("vieux")
    message = EmailMessage()
    message["From"] = "z@e.fr"
    message.set_content("neuf")
    message.add_attachment(inner)
    assert read_mail(message.as_bytes()).text == "neuf"


HEADERS = st.sampled_from(
    ["Subject", "Date", "Message-ID", "References", "Content-Type", "Content-Transfer-Encoding", "Received"]
)
VALUES = st.text(max_size=60) | st.sampled_from(
    [
        "multipart/mixed; boundary=x",
        "text/html; charset=utf-7",
        "base64",
        "=?utf-8?b?w6?=",
        "text/plain; charset=\0",
    ]
)


@settings(max_examples=150, deadline=None)
@given(lines=st.lists(st.tuples(HEADERS, VALUES), max_size=6), body=st.binary(max_size=200))
def test_any_headers_and_any_body_make_a_mail_or_a_parse_error(lines: list[tuple[str, str]], body: bytes) -> None:
    head = "".join(f"{name}: {value}\n" for name, value in [("From", "a@b.fr"), *lines])
    try:
        mail = read_mail(head.encode("utf-8", "replace") + b"\n--x\n" + body)
    except ParseError:
        return
    for text in (mail.text, mail.subject or "", mail.name or "", mail.address, mail.id, mail.parent_id or ""):
        text.encode("utf-8")
        assert "\0" not in text


@pytest.mark.parametrize("line", ["Sent from my iPhone", "Cordialement", "Le lundi 3 mars, Ana a écrit :", "--"])
def test_a_letter_of_ten_thousand_lines_that_look_like_an_end_is_read(line: str) -> None:
    text = without_quotes("\n".join(["Bonjour", *[line] * 10_000, "> fin"]))
    assert text.startswith("Bonjour")


def test_what_follows_the_line_of_a_telephone_is_kept() -> None:
    assert without_quotes("Oui.\nEnvoyé de mon iPhone\n\nPS : non.\n--\nAna") == "Oui.\n\nPS : non."


@settings(deadline=None)
@given(st.text(max_size=300))
def test_what_is_kept_of_a_text_are_lines_of_it(text: str) -> None:
    lines = [line.rstrip() for line in text.replace("\r\n", "\n").split("\n")]
    kept = without_quotes(text)
    told = [line for line in kept.split("\n") if line.strip()]
    assert all(line in lines or line.strip() in {other.strip() for other in lines} for line in told)


@settings(deadline=None)
@given(st.text(alphabet="ab \n>", max_size=80))
def test_what_was_unflowed_loses_no_letter(text: str) -> None:
    assert [c for c in unflow(text) if c in "ab"] == [c for c in text if c in "ab"]
