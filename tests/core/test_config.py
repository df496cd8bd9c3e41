"""The environment is checked at the start, with sentences that name the variable."""

import pytest

from config import ConfigError, load_settings


@pytest.mark.parametrize("rate", ["5/hour", "10/minute;100/day", "20 per day", ""])
def test_a_rate_is_taken_as_written(rate: str) -> None:
    assert load_settings(pdf_generation_rate=rate).pdf_generation_rate == rate


@pytest.mark.parametrize("rate", ["5", "many", "5/fortnight", "-1/hour"])
def test_a_malformed_rate_stops_the_start(monkeypatch: pytest.MonkeyPatch, rate: str) -> None:
    monkeypatch.setenv("PDF_GENERATION_RATE", rate)

    with pytest.raises(ConfigError, match=r"PDF_GENERATION_RATE: .* is not a rate"):
        load_settings()


def test_production_refuses_development_secrets() -> None:
    with pytest.raises(ConfigError, match="SECRET_KEY must be set"):
        load_settings(environment="production")


def test_the_local_gateway_is_never_used_in_production() -> None:
    live = load_settings(environment="production", secret_key="x" * 40, vnpay_tmn_code="SHOP0001", vnpay_hash_secret="s" * 32)

    assert live.uses_local_gateway is False
    assert load_settings(environment="development").uses_local_gateway is True


def test_a_cache_address_defaults_to_the_next_database_of_the_state_redis() -> None:
    assert load_settings(redis_url="redis://h:1/3", redis_cache_url="").redis_cache_url == "redis://h:1/4"
