"""The payment gateways behind one small protocol (`base.Gateway`): `vnpay` and `stripe_checkout`, chosen by `registry`."""
