"""Every setting of the system: read from the environment (which beats `.env`) and checked in one place.

A wrong value stops the start with a sentence that names the variable. Sizes are bytes, times are seconds unless a name says otherwise.
"""

import re
import sys
from email.utils import parseaddr
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from limits import parse_many
from pydantic import AfterValidator, Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parent
# Where a running bin/serve says how to reach its private back ends, so that commands in another terminal find them; `.env` beats it.
SERVED = ROOT / "var" / "run" / "serve.env"
DEVELOPMENT_SECRET = "development-only-secret-key-not-for-production"
DEVELOPMENT_DATABASE = "postgresql://jobboard@127.0.0.1:5432/jobboard"
LOCAL_GATEWAY_CODE = "LOCALDEV"
LOCAL_GATEWAY_SECRET = "local-gateway-secret-for-development-only"
LOCAL_STRIPE_KEY = "sk_test_local_gateway"
LOCAL_STRIPE_SECRET = "whsec_local_gateway_for_development_only"


class ConfigError(Exception):
    """The environment cannot be used; the message names each variable and what is wrong with it."""


def _check_rate(value: str) -> str:
    value = value.strip()
    if value:
        try:
            parse_many(value)
        except ValueError as error:
            raise ValueError(f"{value!r} is not a rate such as '5/hour' or '10/minute;100/day' (empty: unlimited)") from error
    return value


def _check_smtp_url(value: str) -> str:
    parts = urlsplit(value)
    if value and (parts.scheme not in {"smtp", "smtps"} or not parts.hostname or parts.port == 0):
        raise ValueError("must look like smtp://user:password@host:587?starttls or smtps://user:password@host:465 (empty: mails become files)")
    return value


def _check_sender(value: str) -> str:
    _, address = parseaddr(value)
    local, _, domain = address.rpartition("@")
    if not (local and domain and value.isprintable()):
        raise ValueError(f"{value!r} is not a sender such as 'Jobboard <no-reply@example.com>'")
    return value


def _check_origins(value: str) -> str:
    for entry in filter(None, (part.strip() for part in value.split(","))):
        # As browsers write it. A pattern would let strangers' pages call with our users' credentials, and a path would never be met.
        if not re.fullmatch(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?/?", entry):
            raise ValueError(f"{entry!r} is not an origin such as https://app.example.com or http://localhost:3000, in lower case")
    return value


def _check_providers(value: str) -> str:
    for entry in filter(None, (part.strip() for part in value.split(","))):
        if not re.fullmatch(r"([A-Z]{3}|\*|[0-9]{1,18})=(vnpay|stripe)", entry):
            raise ValueError(f"{entry!r} is not like VND=vnpay, USD=stripe, *=stripe (every other currency) or 17=stripe (a package)")
    return value


def _check_webhook_secrets(value: str) -> str:
    if len([part for part in value.split(",") if part.strip()]) > 2:
        raise ValueError("takes two secrets at most: the new one and the one it replaces")
    return value


Rate = Annotated[str, AfterValidator(_check_rate)]
Positive = Annotated[int, Field(gt=0)]


class Settings(BaseSettings):
    """The validated environment. Attribute names are the variables' names in lower case."""

    model_config = SettingsConfigDict(env_file=(SERVED, ROOT / ".env"), env_file_encoding="utf-8", extra="ignore", env_ignore_empty=False)

    environment: Literal["development", "test", "production"] = "development"
    secret_key: str = DEVELOPMENT_SECRET
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    sentry_dsn: str = ""
    trusted_proxies: Annotated[int, Field(ge=0, le=10)] = 0

    # Back ends
    database_url: str = DEVELOPMENT_DATABASE
    redis_url: str = "redis://127.0.0.1:6379/0"
    redis_cache_url: str = ""
    # Empty: PostgreSQL searches. User and password stand in the address, unless there is an API key; the CA is a file of certificates.
    elasticsearch_url: str = ""
    elasticsearch_api_key: str = ""
    elasticsearch_ca: str = ""
    # What the names of the indexes begin with, and how long a search waits before PostgreSQL answers it.
    elasticsearch_index: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,50}$")] = "jobs"
    elasticsearch_timeout_ms: Annotated[int, Field(ge=50, le=10_000)] = 250
    storage_url: str = ""
    smtp_url: Annotated[str, AfterValidator(_check_smtp_url)] = ""
    mail_from: Annotated[str, AfterValidator(_check_sender)] = "Jobboard <no-reply@example.com>"
    # Where mails land as .eml files while there is no SMTP_URL.
    mail_folder: str = str(ROOT / "var" / "mail")

    # Addresses people see
    public_url: str = "http://127.0.0.1:8000"
    frontend_url: str = "http://127.0.0.1:8000"
    cors_allowed_origins: Annotated[str, AfterValidator(_check_origins)] = ""

    # Accounts
    access_token_ttl: Positive = 3600
    refresh_token_ttl: Positive = 30 * 24 * 3600
    password_min_length: Annotated[int, Field(ge=6, le=128)] = 6

    # Rates; empty means unlimited
    default_rate: Rate = ""
    login_rate: Rate = "20/minute"
    register_rate: Rate = "30/hour"
    password_reset_rate: Rate = "10/hour"
    pdf_generation_rate: Rate = "5/hour"
    application_submission_rate: Rate = "20/day"
    message_send_rate: Rate = "100/hour"
    cv_export_rate: Rate = "10/hour"
    payment_create_rate: Rate = ""

    # Jobs and files
    job_cache_ttl: Positive = 900
    job_posting_credit_cost: Annotated[int, Field(ge=0)] = 1
    max_cv_bytes: Positive = 5 * 1024 * 1024
    max_image_bytes: Positive = 2 * 1024 * 1024
    max_request_bytes: Positive = 8 * 1024 * 1024

    # Months before the present one that stay in the database; older ones are archived and dropped. 0: everything stays.
    message_retention_months: Annotated[int, Field(ge=0)] = 36
    notification_retention_months: Annotated[int, Field(ge=0)] = 12

    # Workers
    pdf_concurrency: Positive = 2
    pdf_memory_bytes: Positive = 2 * 1024**3
    # Longer than this, no new PDF may have to wait.
    pdf_queue_seconds: Positive = 60
    # How long an unused PDF is kept, and how many of a person's.
    pdf_keep_days: Positive = 180
    pdf_keep_count: Positive = 20
    cv_export_keep_hours: Positive = 72
    flower_basic_auth: str = ""

    # What receipts say of the seller; an empty line is not printed.
    seller_name: str = "Jobboard"
    seller_address: str = ""
    seller_tax_code: str = ""

    # Payments
    vnpay_tmn_code: str = LOCAL_GATEWAY_CODE
    vnpay_hash_secret: str = ""
    vnpay_url: str = ""
    vnpay_return_url: str = ""
    vnpay_api_url: str = ""
    stripe_secret_key: str = ""
    stripe_webhook_secrets: Annotated[str, AfterValidator(_check_webhook_secrets)] = ""
    # Empty: Stripe itself. Another address serves tests and the local gateway.
    stripe_api_url: str = ""
    # Who takes which currency, or which package by its number; a package beats its currency.
    payment_providers: Annotated[str, AfterValidator(_check_providers)] = "VND=vnpay,*=stripe"
    payment_window_seconds: Positive = 3600

    @model_validator(mode="before")
    @classmethod
    def _empty_is_unset(cls, values: dict[str, Any]) -> dict[str, Any]:
        """`NAME=` in a file, as templates and Compose leave it, asks for the default; only an empty rate has a meaning."""
        return {name: value for name, value in values.items() if value != "" or name.endswith("_rate")}

    @model_validator(mode="after")
    def _complete(self) -> Self:
        """Fill the values that follow from others, and refuse development secrets in production."""
        self.database_url = _with_driver(self.database_url)
        self.redis_cache_url = self.redis_cache_url or _next_database(self.redis_url)
        self.storage_url = self.storage_url or f"file://{ROOT / 'var' / 'storage'}"
        self.vnpay_url = self.vnpay_url or f"{self.public_url}/dev/gateway/pay"
        self.vnpay_return_url = self.vnpay_return_url or f"{self.public_url}/api/v1/payments/vnpay_return/"
        self.vnpay_hash_secret = self.vnpay_hash_secret or ("" if self.is_production else LOCAL_GATEWAY_SECRET)
        self.vnpay_api_url = self.vnpay_api_url or self._vnpay_api()
        self._complete_stripe()
        self._check_elasticsearch()
        if self.is_production:
            self._refuse_development_secrets()
        return self

    def _vnpay_api(self) -> str:
        """Beside the local gateway's page; else on the payment page's host, or, for the live page, on the host of its merchants."""
        if self.uses_local_gateway:
            return f"{self.public_url}/dev/gateway/api"
        host = urlsplit(self.vnpay_url).netloc.replace("pay.vnpay.vn", "merchant.vnpay.vn")
        return f"https://{host}/merchant_webapi/api/transaction"

    def _complete_stripe(self) -> None:
        if not self.stripe_secret_key and self.uses_local_gateway:
            self.stripe_secret_key, self.stripe_webhook_secrets = LOCAL_STRIPE_KEY, LOCAL_STRIPE_SECRET
            self.stripe_api_url = f"{self.public_url}/dev/stripe"
        if bool(self.stripe_secret_key) != bool(self.webhook_secrets):
            raise ValueError("STRIPE_SECRET_KEY and STRIPE_WEBHOOK_SECRETS go together")

    def _check_elasticsearch(self) -> None:
        """The client takes an address only with its port, and one way to sign in; better to hear of it now than with the first search."""
        parts = urlsplit(self.elasticsearch_url)
        if self.elasticsearch_url and (parts.scheme not in {"http", "https"} or not parts.hostname or not parts.port):
            raise ValueError("ELASTICSEARCH_URL must look like https://user:password@host:9200, with the port")
        if self.elasticsearch_api_key and parts.username:
            raise ValueError("ELASTICSEARCH_URL must have no user when ELASTICSEARCH_API_KEY is set")
        if self.elasticsearch_ca and (parts.scheme == "http" or not Path(self.elasticsearch_ca).is_file()):
            raise ValueError("ELASTICSEARCH_CA must be a file of certificates, for an https:// address")

    def _refuse_development_secrets(self) -> None:
        if self.secret_key == DEVELOPMENT_SECRET or len(self.secret_key) < 32:
            raise ValueError("SECRET_KEY must be set to at least 32 random characters in production")
        if self.vnpay_tmn_code == LOCAL_GATEWAY_CODE or not self.vnpay_hash_secret:
            raise ValueError("VNPAY_TMN_CODE and VNPAY_HASH_SECRET must be set in production")
        if self.stripe_secret_key == LOCAL_STRIPE_KEY or LOCAL_STRIPE_SECRET in self.webhook_secrets:
            raise ValueError("STRIPE_SECRET_KEY and STRIPE_WEBHOOK_SECRETS must be your own in production")

    @property
    def is_production(self) -> bool:
        return self.environment == "production"

    @property
    def uses_local_gateway(self) -> bool:
        """Whether payments go to the built-in development gateway instead of a real merchant account."""
        return not self.is_production and self.vnpay_tmn_code == LOCAL_GATEWAY_CODE

    @property
    def uses_local_stripe(self) -> bool:
        """Whether the built-in development gateway stands in for Stripe."""
        return self.uses_local_gateway and self.stripe_secret_key == LOCAL_STRIPE_KEY

    @property
    def webhook_secrets(self) -> list[str]:
        """Stripe's webhook secrets: one, or two while the old one is being replaced."""
        return [part.strip() for part in self.stripe_webhook_secrets.split(",") if part.strip()]

    @property
    def provider_routes(self) -> dict[str, str]:
        """The provider of each currency (`VND`), of every other one (`*`) and of single packages (`17`)."""
        entries = (part.strip() for part in self.payment_providers.split(","))
        return dict(entry.split("=", 1) for entry in entries if entry)

    @cached_property
    def allowed_origins(self) -> list[str]:
        """The exact origins that may call with credentials: those listed, and the front end's own."""
        listed = [origin.strip().rstrip("/") for origin in self.cors_allowed_origins.split(",") if origin.strip()]
        return sorted({*listed, _origin(self.frontend_url), _origin(self.public_url)})


def _with_driver(url: str) -> str:
    """SQLAlchemy's name for psycopg 3; the plain `postgres(ql)://` that platforms hand out is accepted."""
    scheme, _, rest = url.partition("://")
    if scheme.split("+")[0] not in {"postgres", "postgresql"} or not rest:
        raise ValueError("DATABASE_URL must begin with postgresql://")
    return f"postgresql+psycopg://{rest}"


def _next_database(redis_url: str) -> str:
    """Without a cache URL: another database number of the same Redis, good enough for development only."""
    parts = urlsplit(redis_url)
    number = parts.path.strip("/") or "0"
    if not number.isdigit():
        raise ValueError("REDIS_URL must end in a database number, such as redis://127.0.0.1:6379/0")
    return parts._replace(path=f"/{int(number) + 1}").geturl()


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def load_settings(**overrides: Any) -> Settings:
    """Read the environment. Raises ConfigError with one line per wrong variable."""
    try:
        return Settings(**overrides)
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, e['loc'])).upper() or 'environment'}: {e['msg'].removeprefix('Value error, ')}" for e in error.errors()]
        raise ConfigError("The configuration cannot be used:\n  " + "\n  ".join(lines)) from error


def settings_or_exit() -> Settings:
    """The settings for a process that is starting; a wrong environment ends it with the message and no stack trace."""
    try:
        return load_settings()
    except ConfigError as error:
        raise SystemExit(str(error)) from None


if __name__ == "__main__":
    # `python config.py` before a reload: would the changed environment be accepted?
    settings_or_exit()
    sys.stdout.write("The configuration can be used.\n")
