"""The job board's Flask application. `create_app` is the table of contents: read it from top to bottom."""

from datetime import timedelta

from apiflask import APIFlask
from flask_cors import CORS
from werkzeug.middleware.proxy_fix import ProxyFix

from app.core import auth, bodies, privacy, problems, rates, request_id
from app.core.forms import StrictRequest
from app.core.paths import ApiAlias, BoundedInteger
from app.extensions import cache, db, jwt, limiter, migrate
from app.features import register_features
from app.ops import docs
from config import ROOT, Settings


def create_app(settings: Settings) -> APIFlask:
    """The application for `settings`, complete with routes and commands; it opens no connection yet."""
    # APIFlask's annotations forget that Flask takes None for "no static folder".
    app = APIFlask(__package__, title="Job board API", version="1.0", docs_path=None, spec_path=None, static_folder=None)  # type: ignore[arg-type]
    app.config.update(_flask_config(settings))
    app.extensions["settings"] = settings
    app.request_class = StrictRequest
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    app.url_map.converters["int"] = BoundedInteger
    # Flask annotates the base class; the provider that it makes has the attribute.
    app.json.ensure_ascii = False  # type: ignore[attr-defined]

    request_id.register(app)
    bodies.register(app)
    problems.register(app)
    privacy.register(app)
    rates.register(app)
    _bind_extensions(app, settings)
    register_features(app)
    docs.register(app)
    auth.check_policies(app, exempt=docs.FRAMEWORK_VIEWS)

    # Flask's own way of adding middleware, which mypy takes for a slip.
    app.wsgi_app = ApiAlias(app.wsgi_app)  # type: ignore[method-assign]
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    return app


def _bind_extensions(app: APIFlask, settings: Settings) -> None:
    db.init_app(app)
    migrate.init_app(app, db, directory=str(ROOT / "migrations"))
    cache.init_app(app)
    jwt.init_app(app)
    limiter.init_app(app)
    CORS(
        app,
        origins=settings.allowed_origins,
        supports_credentials=True,
        allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "X-CSRFToken"],
        expose_headers=["ETag", "Retry-After", "Idempotent-Replayed", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"],
    )


def _flask_config(settings: Settings) -> dict[str, object]:
    """The settings under the names that Flask and its extensions read."""
    return {
        **{name.upper(): value for name, value in settings.model_dump().items()},
        "ALLOWED_ORIGINS": frozenset(settings.allowed_origins),
        "MAX_CONTENT_LENGTH": settings.max_request_bytes,
        "MAX_FORM_MEMORY_SIZE": 1024 * 1024,
        "SESSION_COOKIE_SECURE": settings.is_production,
        "TESTING": settings.environment == "test",
        **_database_config(settings),
        **_cache_and_limits_config(settings),
        **_jwt_config(settings),
        **docs.CONFIG,
    }


def _database_config(settings: Settings) -> dict[str, object]:
    options = "-c timezone=UTC -c statement_timeout=15000 -c lock_timeout=10000 -c idle_in_transaction_session_timeout=120000"
    # Compiling a query costs more than any of ours gains by it.
    options += " -c jit=off"
    return {
        "SQLALCHEMY_DATABASE_URI": settings.database_url,
        "SQLALCHEMY_ENGINE_OPTIONS": {
            "pool_size": 16,
            "max_overflow": 4,
            "pool_timeout": 5,
            "pool_pre_ping": True,
            "connect_args": {"connect_timeout": 3, "tcp_user_timeout": 10000, "options": options},
        },
    }


def _cache_and_limits_config(settings: Settings) -> dict[str, object]:
    return {
        "CACHE_TYPE": "app.core.versioned_cache.factory",
        "CACHE_REDIS_URL": settings.redis_cache_url,
        "CACHE_KEY_PREFIX": "cache:",
        "CACHE_DEFAULT_TIMEOUT": settings.job_cache_ttl,
        "CACHE_NO_NULL_WARNING": True,
        "RATELIMIT_STORAGE_URI": settings.redis_url,
        "RATELIMIT_STORAGE_OPTIONS": {"socket_timeout": 0.2, "socket_connect_timeout": 0.2},
        "RATELIMIT_IN_MEMORY_FALLBACK_ENABLED": True,
        "RATELIMIT_STRATEGY": "moving-window",
        "RATELIMIT_DEFAULT": settings.default_rate or None,
        "RATELIMIT_HEADERS_ENABLED": True,
        "RATELIMIT_HEADER_LIMIT": "RateLimit-Limit",
        "RATELIMIT_HEADER_REMAINING": "RateLimit-Remaining",
        "RATELIMIT_HEADER_RESET": "RateLimit-Reset",
        "RATELIMIT_HEADER_RETRY_AFTER_VALUE": "delta-seconds",
    }


def _jwt_config(settings: Settings) -> dict[str, object]:
    return {
        "JWT_SECRET_KEY": settings.secret_key,
        "JWT_ALGORITHM": "HS256",
        "JWT_DECODE_ALGORITHMS": ["HS256"],
        "JWT_ENCODE_ISSUER": "jobboard",
        "JWT_DECODE_ISSUER": "jobboard",
        "JWT_ENCODE_AUDIENCE": "jobboard",
        "JWT_DECODE_AUDIENCE": "jobboard",
        "JWT_ACCESS_TOKEN_EXPIRES": timedelta(seconds=settings.access_token_ttl),
    }
