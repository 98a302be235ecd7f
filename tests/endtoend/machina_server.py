"""django-machina itself: a board of a forum in French, with its database in a folder."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from servers import answers, free_port, need_modules, run, running

_SETTINGS = """
from machina import MACHINA_MAIN_STATIC_DIR, MACHINA_MAIN_TEMPLATE_DIR
SECRET_KEY, DEBUG, ALLOWED_HOSTS, ROOT_URLCONF = "e2e", False, ["127.0.0.1"], "urls"
LANGUAGE_CODE, TIME_ZONE, USE_TZ, STATIC_URL, SITE_ID = "fr", "Europe/Paris", True, "/static/", 1
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "forum.db"}}
INSTALLED_APPS = [
    "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "django.contrib.messages",
    "django.contrib.staticfiles", "mptt", "haystack", "widget_tweaks", "machina", "machina.apps.forum",
    "machina.apps.forum_conversation", "machina.apps.forum_conversation.forum_attachments",
    "machina.apps.forum_conversation.forum_polls", "machina.apps.forum_feeds", "machina.apps.forum_moderation",
    "machina.apps.forum_search", "machina.apps.forum_tracking", "machina.apps.forum_member",
    "machina.apps.forum_permission",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware", "django.middleware.common.CommonMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "machina.apps.forum_permission.middleware.ForumPermissionMiddleware",
]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "DIRS": [MACHINA_MAIN_TEMPLATE_DIR],
    "APP_DIRS": True, "OPTIONS": {"context_processors": ["django.template.context_processors.request",
    "django.contrib.auth.context_processors.auth", "django.contrib.messages.context_processors.messages",
    "machina.core.context_processors.metadata"]}}]
CACHES = {name: {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    for name in ("default", "machina_attachments")}
HAYSTACK_CONNECTIONS = {"default": {"ENGINE": "haystack.backends.simple_backend.SimpleEngine"}}
"""
_URLS = """
from django.urls import include, path
from machina import urls
urlpatterns = [path("forum/", include(urls))]
"""
_START = """
import django; django.setup()
from django.contrib.auth import get_user_model
from django.core.management import call_command
from machina.apps.forum.models import Forum
from machina.apps.forum_conversation.models import Post, Topic
from machina.apps.forum_permission.models import ForumPermission, UserForumPermission
"""
_CREATE = """
call_command("migrate", verbosity=0)
board = Forum.objects.create(name="Énergie", slug="energie", type=Forum.FORUM_POST)
for name in ("can_see_forum", "can_read_forum"):
    permission = ForumPermission.objects.get(codename=name)
    UserForumPermission.objects.create(permission=permission, anonymous_user=True, has_perm=True)
"""
_WRITE = """
import sys
subject, text, name = sys.argv[1:]
poster, _ = get_user_model().objects.get_or_create(username=name)
board = Forum.objects.get()
topic = Topic.objects.filter(subject=subject).first() or Topic.objects.create(
    forum=board, subject=subject, poster=poster, type=Topic.TOPIC_POST, status=0, approved=True)
print(Post.objects.create(topic=topic, poster=poster, subject=subject, content=text, approved=True).pk)
"""


@dataclass(frozen=True)
class Machina:
    """The running forum."""

    url: str
    folder: Path

    def write(self, subject: str, text: str, *, name: str) -> int:
        """Begin the topic of this subject, or answer in it; the post's number."""
        return int(_django(self.folder, _WRITE, subject, text, name))


@contextmanager
def machina(folder: Path) -> Iterator[Machina]:
    """A forum with one board, "Énergie", that anybody may read, and no post."""
    need_modules(["django", "machina", "haystack", "mptt", "widget_tweaks"])
    (folder / "settings.py").write_text(_SETTINGS, encoding="utf-8")
    (folder / "urls.py").write_text(_URLS, encoding="utf-8")
    _django(folder, _CREATE)
    port = free_port()
    url = f"http://127.0.0.1:{port}/forum/"
    serve = [sys.executable, "-m", "django", "runserver", "--noreload", "--insecure", f"127.0.0.1:{port}"]
    with running(serve, folder / "django.log", lambda: answers(url), env=_environment(folder), folder=folder):
        yield Machina(url, folder)


def _django(folder: Path, code: str, *arguments: str) -> str:
    """Run this within Django; what it printed."""
    return run(sys.executable, "-c", _START + code, *arguments, env=_environment(folder), folder=folder)


def _environment(folder: Path) -> dict[str, str]:
    return {"DJANGO_SETTINGS_MODULE": "settings", "PYTHONPATH": str(folder)}
