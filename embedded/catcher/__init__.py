"""The mail catcher of bin/serve: a real SMTP server that delivers to nobody, and a page that shows what it took."""
