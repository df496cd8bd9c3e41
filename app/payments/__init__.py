"""Packages, their purchase through a payment gateway, settlement, refunds, and the ledger that proves every credit and every đồng.

A purchase goes through these modules, in this order:

- `routes`, `service`, `checkout`: an order, and the gateway's page for it; `providers` are the gateways.
- `vnpay_routes` and `vnpay_ipn`, `stripe_routes` and `stripe_webhook`: what gateways tell us, into the `inbox`.
- `settlement`: what they told us, applied: `states`, `entitlements` and `holdings`, `ledger`, `news`.
- `refunds`, `refund_calls`, `refund_reversal`: money that goes back; `receipts`: the documents on both.
- `reconciliation`, `statements`, `differences`, `ledger_check`, `earnings`: what proves the books and closes them.

`local_gateway` plays both gateways in development. docs/payments.md and docs/settlement.md tell the whole.
"""
