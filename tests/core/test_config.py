"""The environment is checked at the start, with sentences that name the variable."""

import re
from pathlib import Path

import pytest

from config import ROOT, ConfigError, Settings, load_settings

# Read by bin/serve alone.
OF_SERVE = {"HOST", "PORT", "FLOWER_PORT", "MAIL_PORT", "DEMO_JOBS", "SEARCH"}


@pytest.mark.parametrize("rate", ["5/hour", "10/minute;100/day", "20 per day", ""])
def test_a_rate_is_taken_as_written(rate: str) -> None:
    assert load_settings(pdf_generation_rate=rate).pdf_generation_rate == rate


@pytest.mark.parametrize("rate", ["5", "many", "5/fortnight", "-1/hour"])
def test_a_malformed_rate_stops_the_start(monkeypatch: pytest.MonkeyPatch, rate: str) -> None:
    monkeypatch.setenv("PDF_GENERATION_RATE", rate)

    with pytest.raises(ConfigError, match=r"PDF_GENERATION_RATE: .* is not a rate"):
        load_settings()


@pytest.mark.parametrize(
    "origins", ["*", "https://*.example.com", "app.example.com", "https://app.example.com/path", "https://App.example.com", "null"]
)
def test_only_exact_origins_may_call_with_credentials(origins: str) -> None:
    with pytest.raises(ConfigError, match="CORS_ALLOWED_ORIGINS"):
        load_settings(cors_allowed_origins=f"https://one.example.com,{origins}")


def test_an_origin_is_taken_with_its_port_and_without_its_last_slash() -> None:
    settings = load_settings(cors_allowed_origins="https://app.example.com/, http://localhost:3000")

    assert {"https://app.example.com", "http://localhost:3000"} <= set(settings.allowed_origins)


def test_production_refuses_development_secrets() -> None:
    with pytest.raises(ConfigError, match="SECRET_KEY must be set"):
        load_settings(environment="production")


def test_the_local_gateway_is_never_used_in_production() -> None:
    live = load_settings(environment="production", secret_key="x" * 40, vnpay_tmn_code="SHOP0001", vnpay_hash_secret="s" * 32)

    assert live.uses_local_gateway is False
    assert load_settings(environment="development").uses_local_gateway is True


def test_a_cache_address_defaults_to_the_next_database_of_the_state_redis() -> None:
    assert load_settings(redis_url="redis://h:1/3", redis_cache_url="").redis_cache_url == "redis://h:1/4"


@pytest.mark.parametrize("name", ["DATABASE_URL", "SECRET_KEY", "JOB_CACHE_TTL", "VNPAY_TMN_CODE", "MAIL_FROM"])
def test_an_empty_variable_asks_for_the_default(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.delenv(name, raising=False)
    default = getattr(load_settings(), name.lower())
    monkeypatch.setenv(name, "")

    assert getattr(load_settings(), name.lower()) == default


def test_purchases_are_limited_only_where_a_rate_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PAYMENT_CREATE_RATE", raising=False)

    assert load_settings().payment_create_rate == ""


def test_an_empty_rate_means_unlimited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PDF_GENERATION_RATE", "")

    assert load_settings().pdf_generation_rate == ""


@pytest.mark.parametrize(("path", "pattern"), [(".env.example", r"^# ([A-Z][A-Z0-9_]+)="), ("README.md", r"`([A-Z][A-Z0-9_]{3,})`")])
def test_every_variable_is_documented_and_no_other(path: str, pattern: str) -> None:
    text = Path(ROOT, path).read_text("utf-8")

    named = set(re.findall(pattern, text, re.MULTILINE))

    assert named == {name.upper() for name in Settings.model_fields} | OF_SERVE


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"elasticsearch_url": "https://search.example.com"}, "ELASTICSEARCH_URL must look like"),
        ({"elasticsearch_url": "search.example.com:9200"}, "ELASTICSEARCH_URL must look like"),
        ({"elasticsearch_url": "https://me:it@search.example.com:9200", "elasticsearch_api_key": "key"}, "ELASTICSEARCH_URL must have no user"),
        ({"elasticsearch_url": "https://search.example.com:9200", "elasticsearch_ca": "/nowhere/ca.crt"}, "ELASTICSEARCH_CA must be a file"),
        ({"elasticsearch_url": "http://search.example.com:9200", "elasticsearch_ca": __file__}, "ELASTICSEARCH_CA must be a file"),
    ],
)
def test_an_address_that_the_search_client_would_not_take_stops_the_start(wrong: dict[str, str], named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        load_settings(**wrong)
