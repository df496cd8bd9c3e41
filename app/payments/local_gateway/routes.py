"""The routes of both gateways that are played."""

from app.payments.local_gateway import local_stripe, pages, vnpay_api, vnpay_page

VNPAY = (pages.blp, vnpay_page.blp, vnpay_api.blp)
STRIPE = (local_stripe.blp,)
