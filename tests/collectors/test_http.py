"""The door to the network against a real server that misbehaves."""

import gzip
import itertools
import ssl
import subprocess
import threading
import time
import zlib
from datetime import UTC, datetime, timedelta

import pytest
from replay import Reply, Site, StillClock, door

from collectors.http import (
    AddressRefused,
    Blocked,
    Clock,
    Gone,
    Http,
    HttpError,
    HttpSettings,
    NotFound,
    RateLimited,
    RedirectLoop,
    TooLarge,
    Unavailable,
)

# Without a fixed time the packed bytes, and so the names of the tests, would differ between workers.
PACKED = gzip.compress(b"text", mtime=0)


@pytest.fixture
def site():
    with Site() as site:
        yield site


def test_it_says_who_it_is_and_how_to_complain(site):
    site.put("/a", "hello")
    with door(site, contact="https://example.org/robot") as http:
        response = http.get(site.url("/a"), params={"q": "é", "none": None}, headers={"X-Extra": "1"})
    sent = site.asked("/a")[0]
    assert response.text() == "hello"
    assert sent.headers["user-agent"].startswith("oyez/")
    assert "(+https://example.org/robot)" in sent.headers["user-agent"]
    assert (sent.query, sent.headers["x-extra"]) == ({"q": "é"}, "1")


def test_it_posts_json_and_forms_once_only(site):
    site.once("/api", Reply(body=b"{}"), Reply(body=b"{}"), Reply(status=503))
    with door(site) as http:
        http.post(site.url("/api"), json={"a": 1})
        http.post(site.url("/api"), form={"b": "2"})
        with pytest.raises(Unavailable):
            http.post(site.url("/api"), json={})
    first, second, third = site.asked("/api")
    assert (first.body, first.headers["content-type"]) == (b'{"a":1}', "application/json")
    assert second.body == b"b=2"
    assert third.method == "POST"


def test_what_was_not_modified_is_not_sent_again(site):
    site.put_versioned("/feed", "news", etag='"v1"')
    with door(site) as http:
        first = http.get(site.url("/feed"))
        again = http.get(site.url("/feed"), etag=first.etag, last_modified="Sat, 21 Nov 2026 10:00:00 GMT")
    assert (first.body, first.not_modified) == (b"news", False)
    assert (again.body, again.not_modified) == (b"", True)
    assert site.asked("/feed")[1].headers["if-modified-since"] == "Sat, 21 Nov 2026 10:00:00 GMT"


@pytest.mark.parametrize(
    ("status", "error", "permanent"),
    [(401, Blocked, True), (403, Blocked, False), (404, NotFound, False), (410, Gone, True), (451, Blocked, True),
     (400, HttpError, False), (500, Unavailable, False)],
)  # fmt: skip
def test_every_refusal_is_an_error_with_a_remedy(site, status, error, permanent):
    site.put("/x", b"no", status=status)
    with door(site, retries=0) as http, pytest.raises(error) as caught:
        http.get(site.url("/x"))
    assert caught.value.permanent is permanent
    assert caught.value.remedy
    assert str(status) in str(caught.value)
    assert caught.value.response.status == status


def test_a_server_error_that_passes_is_retried_and_one_that_stays_is_reported(site):
    site.once("/flaky", Reply(status=500), Reply(status=502), Reply(body=b"fine"))
    site.put("/down", status=503)
    clock = StillClock()
    with door(site, clock=clock) as http:
        assert http.get(site.url("/flaky")).body == b"fine"
        with pytest.raises(Unavailable):
            http.get(site.url("/down"))
    assert (len(site.asked("/flaky")), len(site.asked("/down"))) == (3, 3)
    assert sum(clock.sleeps) > 1


@pytest.mark.parametrize("fault", [Reply(reset=True), Reply(body=b"x" * 1000, cut=True)])
def test_a_connection_that_breaks_is_retried(site, fault):
    site.once("/a", fault, Reply(body=b"whole"))
    with door(site) as http:
        assert http.get(site.url("/a")).body == b"whole"


def test_a_short_retry_after_is_waited_for(site):
    site.once("/a", Reply(status=429, headers={"Retry-After": "7"}), Reply(body=b"now"))
    clock = StillClock()
    with door(site, clock=clock) as http:
        assert http.get(site.url("/a")).body == b"now"
    assert clock.passed >= 7


@pytest.mark.parametrize("as_date", [False, True])
def test_a_long_retry_after_ends_the_run_and_the_host_is_left_alone_until_then(site, as_date):
    clock = StillClock()
    until = clock.start + timedelta(hours=2)
    site.put(
        "/a", status=503, headers={"Retry-After": f"{until:%a, %d %b %Y %H:%M:%S} GMT" if as_date else "7200"}
    )
    site.put("/b", "fine")
    with door(site, clock=clock) as http:
        for path in ("/a", "/b"):
            with pytest.raises(RateLimited) as caught:
                http.get(site.url(path))
            assert caught.value.retry_at == until
        assert site.paths == ["/robots.txt", "/a"]
        clock.passed += 7201
        assert http.get(site.url("/b")).body == b"fine"


def test_a_429_without_retry_after_comes_with_a_time_of_our_own(site):
    site.put("/a", status=429)
    with door(site) as http, pytest.raises(RateLimited) as caught:
        http.get(site.url("/a"))
    assert caught.value.retry_at > StillClock().now()


def test_a_retry_after_of_years_is_cut_to_a_week(site):
    clock = StillClock()
    site.put("/a", status=429, headers={"Retry-After": "9" * 40})
    with door(site, clock=clock) as http, pytest.raises(RateLimited) as caught:
        http.get(site.url("/a"))
    assert caught.value.retry_at == clock.start + timedelta(days=7)


def test_an_answer_larger_than_allowed_is_not_read_to_its_end(site):
    site.put("/endless", b"x" * 4096, endless=True)
    with door(site, max_bytes=100_000) as http, pytest.raises(TooLarge):
        http.get(site.url("/endless"))
    site.put("/big", b"y" * 10_000_000)
    with door(site) as http:
        assert len(http.get(site.url("/big")).body) == 10_000_000
        with pytest.raises(TooLarge):
            http.get(site.url("/big"), max_bytes=1000)


@pytest.mark.parametrize("layers", [1, 2])
def test_a_bomb_is_defused_however_it_is_packed(site, layers):
    body = b"\0" * 30_000_000
    for _ in range(layers):
        body = gzip.compress(body, 9)
    site.put("/bomb", body, headers={"Content-Encoding": "gzip"})
    with door(site, max_bytes=1_000_000) as http, pytest.raises(TooLarge):
        http.get(site.url("/bomb"))


@pytest.mark.parametrize(
    ("body", "encoding"),
    [(PACKED, "gzip"), (zlib.compress(b"text"), "deflate"), (zlib.compress(b"text")[2:-4], "deflate"),
     (gzip.compress(PACKED, mtime=0), "gzip, gzip"), (gzip.compress(PACKED, mtime=0), "gzip"),
     (gzip.compress(b"te", mtime=0) + gzip.compress(b"xt", mtime=0), "gzip"),
     (b"text", "gzip"), (b"text", "identity")],
    ids=["gzip", "deflate", "bare deflate", "twice", "twice, said once", "two members", "not packed", "identity"],
)  # fmt: skip
def test_it_unpacks_what_servers_really_send(site, body, encoding):
    site.put("/a", body, headers={"Content-Encoding": encoding})
    with door(site) as http:
        assert http.get(site.url("/a")).body == b"text"


@pytest.mark.parametrize(("body", "encoding"), [(PACKED[:-9], "gzip"), (b"x", "br")], ids=["short", "br"])
def test_packing_that_is_cut_short_or_unknown_is_an_error_not_half_an_answer(site, body, encoding):
    site.put("/a", body, headers={"Content-Encoding": encoding})
    with door(site) as http, pytest.raises(Unavailable):
        http.get(site.url("/a"))


@pytest.mark.parametrize("drip", [{"drip": 0.05}, {"drip_headers": 0.05}])
def test_a_server_that_drips_does_not_hold_us_for_ever(site, drip):
    site.put("/slow", b"x" * 10_000, **drip)
    with (
        door(site, read_timeout=5, total_timeout=0.4, retries=0) as http,
        pytest.raises(Unavailable, match="too long"),
    ):
        http.get(site.url("/slow"))


def test_silence_is_not_waited_out(site):
    site.put("/silent", wait=5)
    began = time.monotonic()
    with door(site, read_timeout=0.2, retries=0) as http, pytest.raises(Unavailable, match="too long"):
        http.get(site.url("/silent"))
    assert time.monotonic() - began < 2


def test_redirects_are_followed_and_a_permanent_move_is_told(site):
    site.put("/old", status=301, headers={"Location": "/new"})
    site.put("/temporary", status=302, headers={"Location": "/old"})
    site.put("/new", "here")
    with door(site) as http:
        moved = http.get(site.url("/old"))
        assert (moved.url, moved.moved_to, moved.body) == (site.url("/new"), site.url("/new"), b"here")
        assert http.get(site.url("/temporary")).moved_to is None
        assert http.get(site.url("/new")).moved_to is None


def test_a_post_becomes_a_get_where_the_site_says_see_other(site):
    site.put("/form", status=303, headers={"Location": "/done"})
    site.put("/done", "thanks")
    with door(site) as http:
        http.post(site.url("/form"), json={"a": 1})
    assert (site.requests[-1].method, site.requests[-1].body) == ("GET", b"")


def test_redirects_that_never_end_are_ended(site):
    site.put("/circle", status=302, headers={"Location": "/circle2"})
    site.put("/circle2", status=302, headers={"Location": "/circle"})
    site.route("/far", lambda request: Reply(status=302, headers={"Location": f"/far?n={len(site.requests)}"}))
    with door(site) as http:
        for path in ("/circle", "/far"):
            with pytest.raises(RedirectLoop):
                http.get(site.url(path))
    assert len(site.asked("/far")) == 6


@pytest.mark.parametrize(
    "target",
    ["http://169.254.169.254/latest/meta-data/", "http://10.0.0.1/", "http://localhost:22/", "http://[::1]/",
     "file:///etc/passwd", "http://[bad/", "//0x7f000001:9/", "gopher://x/", "http://2130706433:9/",
     "http://0177.0.0.1:9/", "http://[::ffff:127.0.0.1]:9/", "http://[64:ff9b::7f00:1]/", "http://[2002:7f00:1::]/",
     "http://example.org@127.0.0.1:9/", "http://0:9/"],
)  # fmt: skip
def test_a_redirect_to_a_private_or_foreign_address_is_refused(site, target):
    site.put("/trap", status=302, headers={"Location": target})
    with door(site) as http, pytest.raises(AddressRefused):
        http.get(site.url("/trap"))


def test_credentials_stay_with_their_own_site(site):
    with Site() as other:
        site.put("/a", status=302, headers={"Location": other.url("/b")})
        other.put("/b", "ok")
        allowed = frozenset({f"127.0.0.1:{site.port}", f"127.0.0.1:{other.port}"})
        with door(site, allowed_hosts=allowed) as http:
            http.get(site.url("/a").replace("//", "//user:secret@"), headers={"Cookie": "a=b"})
        assert site.asked("/a")[0].headers["authorization"].startswith("Basic ")
        assert {"authorization", "cookie"}.isdisjoint(other.asked("/b")[0].headers)


def test_passwords_and_keys_are_not_in_messages(site):
    with door(site) as http, pytest.raises(NotFound) as caught:
        http.get(site.url("/no?api_key=hidden&q=1").replace("//", "//user:secret@"))
    assert "secret" not in str(caught.value)
    assert "hidden" not in str(caught.value)
    assert "q=1" in str(caught.value)


@pytest.mark.parametrize(
    "url", ["", "example.org/feed", "ftp://example.org/", "http://", "javascript:alert(1)", "http://a b/"]
)
def test_what_is_no_web_address_is_refused_with_a_remedy(url):
    with (
        Http(HttpSettings(retries=0), clock=StillClock()) as http,
        pytest.raises((AddressRefused, Unavailable)) as caught,
    ):
        http.get(url)
    assert caught.value.remedy or "not a web address" in str(caught.value)


def test_an_anti_robot_page_is_recognised_even_with_status_200(site):
    site.put("/wall", "<html><head><title>Just a moment...</title></head></html>")
    site.put("/busy", "<html><title>Are you a robot?</title></html>", status=503)
    with door(site) as http:
        for path in ("/wall", "/busy"):
            with pytest.raises(Blocked):
                http.get(site.url(path))
    assert len(site.asked("/busy")) == 1


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
         "-days", "2", "-keyout", folder / "key.pem", "-out", folder / "cert.pem", "-subj", "/CN=test",
         "-addext", "subjectAltName=IP:127.0.0.1"],
        check=True, capture_output=True,
    )  # fmt: skip
    return folder


@pytest.fixture
def secure_site(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    with Site(tls=context) as site:
        site.put("/a", "private")
        yield site


def test_a_certificate_that_is_not_trusted_is_a_clear_error(secure_site):
    with (
        door(secure_site) as http,
        pytest.raises(Unavailable, match=r"no secure connection.*self.signed") as caught,
    ):
        http.get(secure_site.url("/a"))
    assert caught.value.permanent
    assert "ca_file" in caught.value.remedy
    assert secure_site.requests == []


def test_a_certificate_of_an_authority_that_the_user_trusts_is_fine(secure_site, certificate):
    with door(secure_site, ca_file=certificate / "cert.pem") as http:
        assert http.get(secure_site.url("/a")).text() == "private"


def test_a_name_that_the_certificate_does_not_carry_is_refused(secure_site, certificate):
    hosts = frozenset({"localhost"})
    with (
        door(secure_site, ca_file=certificate / "cert.pem", allowed_hosts=hosts) as http,
        pytest.raises(Unavailable, match="no secure connection"),
    ):
        http.get(secure_site.url("/a", "localhost"))


def test_one_door_serves_many_threads_and_still_asks_one_host_one_at_a_time(site):
    site.put("/a", "x", wait=0.02)
    with door(site, clock=Clock()) as http:
        threads = [threading.Thread(target=http.get, args=(site.url("/a"),)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(site.asked("/a")) == 8
    assert len(site.asked("/robots.txt")) == 1
    assert site.most_at_once == 1


def test_as_many_at_once_as_allowed_and_no_more(site):
    site.put("/a", "x", wait=0.05)
    with door(site, clock=Clock(), concurrency=3) as http:
        threads = [threading.Thread(target=http.get, args=(site.url("/a"),)) for _ in range(9)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert site.most_at_once == 3


def test_requests_to_one_host_are_a_pause_apart_as_the_server_sees_it(site):
    site.put("/a", "x")
    with door(site, clock=Clock(), min_delay=0.1) as http:
        for _ in range(4):
            http.get(site.url("/a"))
    times = [request.at for request in site.requests]
    assert len(times) == 5
    # A busy machine may note one arrival late, so that the next seems early: four pauses are judged together.
    assert times[-1] - times[0] > 0.3


def test_no_two_starts_are_closer_than_the_pause(site):
    starts = []
    clock = StillClock()
    site.route("/a", lambda request: starts.append(clock.passed) or Reply())
    with door(site, clock=clock, min_delay=2.0) as http:
        for _ in range(4):
            http.get(site.url("/a"))
    assert [later - earlier for earlier, later in itertools.pairwise(starts)] == [2.0, 2.0, 2.0]


def test_the_pause_grows_on_errors_and_comes_back_slowly(site):
    site.put("/bad", status=500)
    site.put("/good", "x")
    clock = StillClock()

    def pause() -> float:
        before = clock.passed
        http.get(site.url("/good"))
        http.get(site.url("/good"))
        return clock.passed - before

    with door(site, clock=clock, min_delay=1.0, retries=0) as http:
        calm = pause()
        for _ in range(3):
            with pytest.raises(Unavailable):
                http.get(site.url("/bad"))
        troubled = pause()
        recovering = pause()
    assert troubled > 2 * calm
    assert calm < recovering < troubled


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_a_refusal_never_shortens_the_pause(site, status):
    site.put("/bad", status=500)
    site.put("/refused", status=status)
    clock = StillClock()
    with door(site, clock=clock, min_delay=1.0, retries=0, respect_robots=False) as http:
        for path in ("/bad", "/bad", "/refused", "/refused", "/refused"):
            with pytest.raises(HttpError):
                http.get(site.url(path))
    assert clock.sleeps[-1] == clock.sleeps[-2] == 4.0


def test_a_crawl_delay_is_kept(site):
    site.put("/robots.txt", "User-agent: *\nCrawl-delay: 5\n", content_type="text/plain")
    site.put("/a", "x")
    clock = StillClock()
    with door(site, clock=clock) as http:
        for _ in range(3):
            http.get(site.url("/a"))
    assert clock.passed >= 10


def test_robots_txt_is_obeyed_at_every_hop_and_read_once_a_day(site):
    site.put(
        "/robots.txt", "User-agent: *\nDisallow: /private\nAllow: /private/feed\n", content_type="text/plain"
    )
    site.put("/private/feed", "ok")
    site.put("/jump", status=302, headers={"Location": "/private/page"})
    clock = StillClock()
    with door(site, clock=clock) as http:
        assert http.get(site.url("/private/feed")).body == b"ok"
        for path in ("/private/page", "/jump"):
            with pytest.raises(Blocked, match=r"robots\.txt") as caught:
                http.get(site.url(path))
            assert caught.value.permanent
        assert "/private/page" not in site.paths
        assert len(site.asked("/robots.txt")) == 1
        clock.passed += 25 * 3600
        http.get(site.url("/private/feed"))
    assert len(site.asked("/robots.txt")) == 2


def test_rules_for_us_by_name_come_before_those_for_all(site):
    site.put(
        "/robots.txt", "User-agent: oyez\nDisallow: /\n\nUser-agent: *\nDisallow:\n", content_type="text/plain"
    )
    site.put("/a", "x")
    with door(site) as http, pytest.raises(Blocked):
        http.get(site.url("/a"))
    with door(site, robots_exempt=frozenset({"127.0.0.1"})) as http:
        assert http.get(site.url("/a")).body == b"x"
    with door(site, respect_robots=False) as http:
        assert http.get(site.url("/a")).body == b"x"


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_site_that_refuses_its_robots_txt_has_no_rules(site, status):
    site.put("/robots.txt", status=status)
    site.put("/a", "x")
    with door(site) as http:
        assert http.get(site.url("/a")).body == b"x"


def test_a_site_whose_robots_txt_fails_is_left_alone_for_a_while(site):
    site.once("/robots.txt", *[Reply(status=500)] * 3, Reply(status=404))
    site.put("/a", "x")
    clock = StillClock()
    with door(site, clock=clock) as http:
        for _ in range(2):
            with pytest.raises(Blocked) as caught:
                http.get(site.url("/a"))
            assert not caught.value.permanent
        assert "/a" not in site.paths
        clock.passed += 1000
        assert http.get(site.url("/a")).body == b"x"


def test_an_unreachable_host_is_unavailable_not_blocked():
    settings = HttpSettings(allowed_hosts=frozenset({"127.0.0.1"}), retries=0)
    with Http(settings, clock=StillClock()) as http, pytest.raises(Unavailable, match="cannot be reached"):
        http.get("http://127.0.0.1:1/feed")


def test_the_clock_gives_utc():
    assert Clock().now().tzinfo is UTC
    assert abs((Clock().now() - datetime.now(UTC)).total_seconds()) < 5
