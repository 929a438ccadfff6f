"""The settings the tests run with: the real ones, with a state folder of their own and a quick password hash."""

import os

os.environ.setdefault("WALDUR_STATE_DIR", ".test")

from waldur_core.server.settings import *

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
CHECK_DECLARED_WORKFLOWS = True
STATIC_URL, MEDIA_URL = "/static/", "/media/"  # the live server of the tests insists on having them
