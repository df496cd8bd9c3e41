"""Which gateway takes what: read from the settings, so that a new account or currency needs no code."""

from flask import current_app

from app.payments.errors import PackageNotPayable
from app.payments.models import Package, Provider
from app.payments.providers import vnpay_messages
from app.payments.providers.base import Gateway
from app.payments.providers.stripe_checkout import StripeGateway
from app.payments.providers.vnpay import VnpayGateway
from config import Settings

RESULT_PAGE = "/payment/result"


def gateway_of(provider: Provider) -> Gateway:
    """Our account with `provider`. `app.extensions["payment_gateways"]` may hold others, for tests."""
    replaced: dict[Provider, Gateway] = current_app.extensions.get("payment_gateways", {})
    return replaced.get(provider) or _make(provider, current_app.extensions["settings"])


def provider_of(package: Package) -> Provider:
    """Who takes the money for `package`: its own entry, its currency's, then everybody else's. Raises PackageNotPayable."""
    settings: Settings = current_app.extensions["settings"]
    routes = settings.provider_routes
    chosen = routes.get(str(package.id)) or routes.get(package.currency) or routes.get("*")
    provider = Provider(chosen) if chosen else None
    if provider is None or (provider == Provider.VNPAY and package.currency != "VND"):
        raise PackageNotPayable
    if provider == Provider.STRIPE and not settings.stripe_secret_key:
        raise PackageNotPayable
    return provider


def vnpay_merchant() -> vnpay_messages.Merchant:
    """Our account with VNPay, or with the local gateway that stands in for it."""
    settings: Settings = current_app.extensions["settings"]
    return vnpay_messages.Merchant(settings.vnpay_tmn_code, settings.vnpay_hash_secret, settings.vnpay_url, settings.vnpay_return_url)


def _make(provider: Provider, settings: Settings) -> Gateway:
    if provider == Provider.STRIPE:
        page = settings.frontend_url.rstrip("/") + RESULT_PAGE
        return StripeGateway(settings.stripe_secret_key, tuple(settings.webhook_secrets), page, settings.stripe_api_url)
    return VnpayGateway(vnpay_merchant(), settings.vnpay_api_url)
