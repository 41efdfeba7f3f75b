"""Settings: one file, the environment decides. ``tirek doctor`` explains what is in force."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote, urlsplit

from csp.constants import NONCE
from django.utils.translation import gettext_lazy as _

from tirek.site.logging import logging_config
from tirek.storage import database, secrets, watched
from tirek.storage.embedded import OWNER

HERE = Path(__file__).resolve().parent
HOME = database.home()


def flag(name: str, default: bool = False) -> bool:
    return os.environ.get(name, str(default)).lower() in {"1", "true", "yes", "on"}


DEBUG = flag("TIREK_DEBUG")
SECRET_KEY = secrets.key("django").hex()
ALLOWED_HOSTS = os.environ.get("TIREK_HOSTS", "localhost,127.0.0.1,[::1],testserver").split(",")
HTTPS = flag("TIREK_HTTPS")
# where people reach the site: stands in documents that no request asked for
SITE_ADDRESS = os.environ.get("TIREK_ADDRESS", "").rstrip("/") or (
    f"https://{ALLOWED_HOSTS[0].lstrip('.*')}" if HTTPS else "http://localhost:8000"
)

INSTALLED_APPS = [
    "tirek.site",
    "tirek.programmes",
    "tirek.facilities",
    "tirek.assessment",
    "tirek.cpd",
    "tirek.surveys",
    "tirek.indicators",
    "tirek.ledger",
    "tirek.documents",
    "tirek.tasks",
    "tirek.decisions",
    "tirek.registry",
    "tirek.access",
    "tirek.storage",
    "django_cotton",
    "django_htmx",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "axes",
    "csp",
    "oauth2_provider",
    "procrastinate.contrib.django",
    "pghistory",
    "pgtrigger",
    "rules",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
]

MIDDLEWARE = [
    "tirek.site.health.HealthMiddleware",
    "tirek.site.logging.RequestLogMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "tirek.site.database_away.DatabaseAwayMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "tirek.access.middleware.ScopeMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "axes.middleware.AxesMiddleware",
]

LOGGING = logging_config()

ROOT_URLCONF = "tirek.site.urls"
WSGI_APPLICATION = "tirek.site.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [HERE / "templates"],
        "APP_DIRS": False,
        "OPTIONS": {
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    [
                        "django_cotton.cotton_loader.Loader",
                        "django.template.loaders.filesystem.Loader",
                        "django.template.loaders.app_directories.Loader",
                    ],
                )
            ],
            "builtins": ["django_cotton.templatetags.cotton", "django.templatetags.i18n"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "tirek.site.context.everywhere",
            ],
        },
    }
]

# two roles on one database: the program never runs as the owner
_common = {"ENGINE": "django.db.backends.postgresql", "CONN_MAX_AGE": 0, "CONN_HEALTH_CHECKS": True}
# a server that is away is noticed within seconds, and again when it is back: whoever asks then has it tried at once
_pool = {
    "pool": {
        "min_size": 1, "max_size": 8, "timeout": watched.POOL_SECONDS, "reconnect_timeout": 1,
        "connection_class": watched.WatchedConnection,
    },
    "connect_timeout": watched.CONNECT_SECONDS, "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}  # fmt: skip
DATABASES = {
    "default": _common | database.connection_settings(database.APP) | {"OPTIONS": dict(_pool)},
    "owner": _common | database.connection_settings(OWNER) | {"OPTIONS": {}},
}
DATABASE_ROUTERS: list[str] = []

# attempts and limits are counted for all processes of the server together; a folder of the program's own account
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
        "LOCATION": HOME / "cache",
        "OPTIONS": {"MAX_ENTRIES": 20_000},
    }
}
# uploads and what was read from them; afterwards only counts and history stay
IMPORT_FILES_KEPT_DAYS = int(os.environ.get("TIREK_IMPORT_FILES_KEPT_DAYS", "90"))
STATEMENT_SECONDS = int(os.environ.get("TIREK_STATEMENT_SECONDS", "30"))  # one query of a page; jobs have no such limit

AUTH_USER_MODEL = "access.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "tirek.access.backends.ScopedBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
PASSWORD_RESET_TIMEOUT = 3 * 24 * 60 * 60
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "account_login"
DEMONSTRATION = flag("TIREK_DEMO")  # demonstration accounts sign in without a second factor; the page says so
TRUSTED_PROXIES = int(os.environ.get("TIREK_PROXIES", "0"))  # how many proxies of ours stand before the server

# sign-in: django-allauth
ACCOUNT_ADAPTER = "tirek.access.adapters.AccountAdapter"
ACCOUNT_FORMS = {
    "login": "tirek.access.forms_account.LoginForm",
    "reset_password": "tirek.access.forms_account.ResetPasswordForm",
    "reset_password_from_key": "tirek.access.forms_account.ResetPasswordKeyForm",
    "change_password": "tirek.access.forms_account.ChangePasswordForm",
    "set_password": "tirek.access.forms_account.SetPasswordForm",
}
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_SUBJECT_PREFIX = "Tirek: "
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False  # nobody gets mail from us because a stranger typed his address
ACCOUNT_REAUTHENTICATION_TIMEOUT = 10 * 60
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_USER_DISPLAY = "tirek.access.models.display_name"
ACCOUNT_RATE_LIMITS = {"login": "60/m/ip", "login_failed": "60/m/ip,10/300s/key"}  # django-axes locks out before these
MFA_ADAPTER = "tirek.access.adapters.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_FORMS = {
    "add_webauthn": "tirek.access.forms_keys.AddKeyForm",
    "edit_webauthn": "tirek.access.forms_keys.EditKeyForm",
}
MFA_TOTP_TOLERANCE = 1
SOCIALACCOUNT_ADAPTER = "tirek.access.adapters.SocialAccountAdapter"
SOCIALACCOUNT_ONLY = False
SOCIALACCOUNT_AUTO_SIGNUP = False
SOCIALACCOUNT_EMAIL_AUTHENTICATION = True  # joins the identity to the user who already has this verified address
SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True
SOCIALACCOUNT_STORE_TOKENS = False
OIDC_SERVER = os.environ.get("TIREK_OIDC_SERVER", "")
OIDC_ORIGIN = "{0.scheme}://{0.netloc}".format(urlsplit(OIDC_SERVER)) if OIDC_SERVER else ""
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {
        "OAUTH_PKCE_ENABLED": True,
        "APPS": [
            {
                "provider_id": "oidc",
                "name": os.environ.get("TIREK_OIDC_NAME", "OpenID Connect"),
                "client_id": os.environ.get("TIREK_OIDC_CLIENT", ""),
                "secret": os.environ.get("TIREK_OIDC_SECRET", ""),
                "settings": {"server_url": OIDC_SERVER},
            }
        ]
        if OIDC_SERVER
        else [],
    }
}

# lock-out: django-axes
AXES_HANDLER = "tirek.access.lockout.ScopedHandler"
AXES_LOCKOUT_CALLABLE = "tirek.access.lockout.locked_out"
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_USERNAME_FORM_FIELD = "login"
AXES_USERNAME_CALLABLE = "tirek.access.lockout.attempted_name"
AXES_CLIENT_IP_CALLABLE = "tirek.access.addresses.client_address"
AXES_SENSITIVE_PARAMETERS = ["login", "username", "password", "code"]
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False  # logs never hold names

# programs: django-oauth-toolkit, client credentials only
OAUTH2_PROVIDER = {
    "SCOPES": {
        f"https://purl.imsglobal.org/spec/or/{version}/scope/{name}": f"OneRoster {name}"
        for version in ("v1p1", "v1p2")
        for name in ("roster.readonly", "roster-core.readonly", "roster-demographics.readonly")
    }
    | {"tirek.api": "Everything under /api/ that the grant's role may"},
    "DEFAULT_SCOPES": [],
    "ACCESS_TOKEN_EXPIRE_SECONDS": 60 * 60,
    "ALLOWED_REDIRECT_URI_SCHEMES": ["https"],
    "COMPLIANT_BCP_RFC9700_TOKEN_STORAGE": True,
    "COMPLIANT_BCP_RFC9700_IMPLICIT_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PASSWORD_GRANT": True,
}

# e-mail: smtp://user:password@host:587/?tls=1, or the console in a demonstration, or none
_mail = urlsplit(os.environ.get("TIREK_SMTP", ""))
EMAIL_BACKEND = "django.core.mail.backends." + (
    "smtp.EmailBackend"
    if _mail.hostname
    else "console.EmailBackend"
    if DEMONSTRATION or DEBUG
    else "dummy.EmailBackend"
)
EMAIL_HOST, EMAIL_PORT = _mail.hostname or "", _mail.port or 25
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = unquote(_mail.username or ""), unquote(_mail.password or "")
EMAIL_USE_TLS = "tls=1" in _mail.query
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = os.environ.get("TIREK_MAIL_FROM", "tirek@localhost")

LANGUAGE_CODE = "kk"
LANGUAGES = [("kk", _("Kazakh")), ("ru", _("Russian")), ("en", _("English"))]
LOCALE_PATHS = [HERE / "locale", HERE / "locale_borrowed"]
FORMAT_MODULE_PATH = ["tirek.site.formats"]
LANGUAGE_COOKIE_NAME = "language"
TIME_ZONE = os.environ.get("TIREK_TIME_ZONE", "Asia/Almaty")
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = HOME / "static"
STATICFILES_DIRS = [HERE / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": HOME / "files"}},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
if DEBUG or flag("TIREK_TEST"):
    STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    WHITENOISE_USE_FINDERS = True
WHITENOISE_MAX_AGE = 3600

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "tirek.site.views_errors.csrf_failure"
SESSION_ENGINE = "tirek.access.sessions"
SESSION_COOKIE_NAME = "__Host-session" if HTTPS else "session"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"  # Lax, not Strict: an identity provider sends people back to us
CSRF_COOKIE_NAME = "__Host-csrf" if HTTPS else "csrf"
CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = 12 * 60 * 60
LANGUAGE_COOKIE_SECURE = HTTPS
LANGUAGE_COOKIE_SAMESITE = "Lax"
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024  # forms; files are counted apart, where they are taken in
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000
DATA_UPLOAD_MAX_NUMBER_FILES = 20
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_TEMP_DIR = HOME / "arriving"  # what a killed server left there is deleted when the next one starts
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "script-src": ["'self'", NONCE],
        "style-src": ["'self'", NONCE],
        "img-src": ["'self'", "data:", "blob:"],  # the code of the second factor, map tiles drawn by MapLibre
        "worker-src": ["'self'", "blob:"],  # MapLibre
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'", *([OIDC_ORIGIN] if OIDC_ORIGIN else [])],
        "frame-ancestors": ["'none'"],
    }
}
if HTTPS:
    SECURE_SSL_REDIRECT = True
    SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
    CSRF_TRUSTED_ORIGINS = [f"https://{host}" for host in ALLOWED_HOSTS]
