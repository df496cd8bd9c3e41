"""The development gateway: plays VNPay (`/dev/gateway/...`) and Stripe (`/dev/stripe/...`), so that a board without accounts can sell.

It speaks the gateways' own protocols over HTTP, keeps its orders in Redis apart from the shop's books, and can be told to misbehave:
see `wishes`. It is never registered beside a real merchant account.
"""
