"""A WordPress of Debian with its own MariaDB in a folder, as any user; nothing under /etc or /var is touched."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from servers import answers, free_port, need_programs, run, running

PACKAGES = (
    "apt-get install --no-install-recommends wordpress wordpress-l10n mariadb-server "
    "php-cli php-mysql php-gd php-xml php-mbstring php-curl"
)
CODE = Path("/usr/share/wordpress")
_CONFIG = """<?php
define('DB_NAME', 'wp'); define('DB_USER', 'wp'); define('DB_PASSWORD', 'wp');
define('DB_HOST', 'localhost:{folder}/my.sock'); define('DB_CHARSET', 'utf8mb4'); define('DB_COLLATE', '');
define('WP_CONTENT_DIR', '{folder}/content'); define('WP_LANG_DIR', '/var/lib/wordpress/wp-content/languages');
define('WP_SITEURL', 'http://127.0.0.1:{port}'); define('WP_HOME', WP_SITEURL);
define('DISABLE_WP_CRON', true); define('WP_HTTP_BLOCK_EXTERNAL', true);
define('WP_ENVIRONMENT_TYPE', 'local');  // application passwords without https
$table_prefix = 'wp_';
require_once ABSPATH . 'wp-settings.php';
"""
_ROUTER = """<?php
define('ABSPATH', '{folder}/site/');
register_shutdown_function(function () {
    $line = http_response_code() . ' ' . $_SERVER['REQUEST_METHOD'] . ' ' . $_SERVER['REQUEST_URI'];
    file_put_contents('{folder}/asked.log', $line . PHP_EOL, FILE_APPEND);
});
$file = ABSPATH . ltrim(parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH), '/');
if (is_file($file) && !str_ends_with($file, '.php')) return false;
require is_file($file) ? $file : ABSPATH . 'index.php';
"""
_CLEAR = """
require ABSPATH . 'wp-load.php';
foreach (['posts', 'postmeta', 'comments', 'commentmeta'] as $table)
    $wpdb->query("TRUNCATE {$wpdb->prefix}$table");
"""
_MANY = """
require ABSPATH . 'wp-load.php';
foreach (range(0, {count} - 1) as $number) wp_insert_comment([
    'comment_post_ID' => {post}, 'comment_author' => "Lecteur $number", 'comment_content' => "Souvenir $number",
    'comment_date_gmt' => gmdate('Y-m-d H:i:s', 1782900000 + $number),
    'comment_date' => gmdate('Y-m-d H:i:s', 1782907200 + $number)]);
"""
_CLOSED = """<?php
add_filter('rest_authentication_errors', function () {
    return new WP_Error('rest_disabled', 'The REST API on this site has been disabled.', ['status' => 401]);
});
"""
"""What plugins such as "Disable REST API" do."""
_PHP = """<?php
$_SERVER += ['HTTP_HOST' => '127.0.0.1:{port}', 'REQUEST_URI' => '/', 'SERVER_NAME' => '127.0.0.1'];
$_SERVER['REQUEST_METHOD'] = 'GET'; $_SERVER['SERVER_PROTOCOL'] = 'HTTP/1.1';
define('ABSPATH', '{folder}/site/');
"""
_INSTALL = """
define('WP_INSTALLING', true);
require ABSPATH . 'wp-load.php'; require ABSPATH . 'wp-admin/includes/upgrade.php';
add_filter('pre_wp_mail', '__return_true');
wp_install('Boulangerie Martin', 'patron', 'patron@example.test', true, '', 'admin-pass', 'fr_FR');
$wp_rewrite->set_permalink_structure('/%postname%/'); flush_rewrite_rules();
foreach (['comment_moderation' => 0, 'comment_previously_approved' => 0, 'timezone_string' => 'Europe/Paris']
         as $name => $value) update_option($name, $value);
echo WP_Application_Passwords::create_new_application_password(1, ['name' => 'e2e'])[0];
"""


@dataclass(frozen=True)
class WordPress:
    """The running site, its owner's way in, and what it was asked."""

    url: str
    owner: httpx.Client
    folder: Path

    def publish(self, title: str, text: str) -> int:
        """Publish a post; its number."""
        return self._write("posts", {"title": title, "content": text, "status": "publish"})

    def comment(self, post: int, text: str, *, name: str = "", parent: int = 0, at: str | None = None) -> int:
        """Add a comment by a visitor called `name`, or without one by the owner; its number. `at` is UTC."""
        content: dict[str, Any] = {"post": post, "content": text, "parent": parent}
        if name:
            content |= {"author_name": name, "author_email": "lecteur@example.test"}
        return self._write("comments", content | ({"date_gmt": at} if at else {}))

    def edit(self, comment: int, text: str) -> None:
        """Change the words of a comment."""
        self._write(f"comments/{comment}", {"content": text})

    def delete(self, comment: int) -> None:
        """Take a comment away for good."""
        self.owner.delete(f"wp/v2/comments/{comment}", params={"force": "true"}).raise_for_status()

    def comment_much(self, post: int, count: int) -> None:
        """Add so many comments by as many visitors, a second apart, all on one day of the past."""
        _php(self.folder, _MANY.replace("{count}", str(count)).replace("{post}", str(post)))

    def clear(self) -> None:
        """Take all posts and comments away."""
        _php(self.folder, _CLEAR)

    @contextmanager
    def without_interface(self) -> Iterator[None]:
        """The site with its REST interface switched off, as a plugin does it."""
        plugin = self.folder / "content" / "mu-plugins" / "closed.php"
        plugin.parent.mkdir(exist_ok=True)
        plugin.write_text(_CLOSED, encoding="utf-8")
        try:
            yield
        finally:
            plugin.unlink()

    def served(self, path: str) -> list[int]:
        """The status of every answer at paths that begin so, as the server itself wrote them down."""
        lines = [line.split(" ", 2) for line in (self.folder / "asked.log").read_text("utf-8").splitlines()]
        return [int(status) for status, _, asked in lines if asked.startswith(path)]

    def _write(self, route: str, content: dict[str, Any]) -> int:
        answer = self.owner.post(f"wp/v2/{route}", json=content)
        assert answer.is_success, answer.text
        number: int = answer.json()["id"]
        return number


@contextmanager
def wordpress(folder: Path) -> Iterator[WordPress]:
    """A new site in French with no posts and no comments."""
    need_programs(["php", "mariadbd", "mariadb-install-db"], PACKAGES)
    if not CODE.is_dir():
        need_programs(["wordpress"], PACKAGES)
    port = free_port()
    _write_site(folder, port)
    with _mariadb(folder):
        password = _php(folder, _INSTALL).strip().splitlines()[-1]
        serve = ["php", "-S", f"127.0.0.1:{port}", "-t", folder / "site", folder / "router.php"]
        with (
            running(serve, folder / "php.log", lambda: answers(f"http://127.0.0.1:{port}/readme.html")),
            httpx.Client(
                base_url=f"http://127.0.0.1:{port}/wp-json/",
                auth=("patron", password),
                timeout=30,
                trust_env=False,
            ) as owner,
        ):
            yield WordPress(f"http://127.0.0.1:{port}", owner, folder)


def _write_site(folder: Path, port: int) -> None:
    """Debian's code by links, with a configuration, a router and an installer of our own."""
    site = folder / "site"
    site.mkdir()
    for entry in CODE.iterdir():
        if entry.name != "wp-config.php":
            (site / entry.name).symlink_to(entry)
    (folder / "content").mkdir()
    for name in ("themes", "plugins"):
        (folder / "content" / name).symlink_to(f"/var/lib/wordpress/wp-content/{name}")
    (folder / "content" / "languages").symlink_to("/var/lib/wordpress/wp-content/languages")
    files = {site / "wp-config.php": _CONFIG, folder / "router.php": _ROUTER, folder / "start.php": _PHP}
    for path, text in files.items():
        path.write_text(text.replace("{folder}", str(folder)).replace("{port}", str(port)), encoding="utf-8")


def _php(folder: Path, code: str) -> str:
    """Run this within WordPress, without the web server; what it printed."""
    return run("php", stdin=f"<?php require '{folder}/start.php'; {code}")


@contextmanager
def _mariadb(folder: Path) -> Iterator[None]:
    data, sock, user = folder / "db", folder / "my.sock", f"--user={getpass.getuser()}"
    run(
        "mariadb-install-db", "--no-defaults", user, f"--datadir={data}",
        "--auth-root-authentication-method=normal", "--skip-test-db",
    )  # fmt: skip
    command = [
        "mariadbd", "--no-defaults", user, f"--datadir={data}", f"--socket={sock}", f"--pid-file={folder}/my.pid",
        "--skip-networking", "--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=32M",
    ]  # fmt: skip
    with running(command, folder / "mariadb.log", sock.exists):
        run(
            "mariadb", "--no-defaults", "-S", sock, "-uroot", "-e",
            "CREATE DATABASE wp CHARACTER SET utf8mb4; "
            "CREATE USER wp@localhost IDENTIFIED BY 'wp'; GRANT ALL ON wp.* TO wp@localhost",
        )  # fmt: skip
        yield
