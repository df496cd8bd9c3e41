"""Packages, their purchase through a payment gateway, settlement, refunds, and the ledger that proves every credit and every đồng."""
