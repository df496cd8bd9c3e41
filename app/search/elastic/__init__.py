"""Elasticsearch: the mapping, the client, and the engine that reads and writes by them. Works on the stock distribution without plugins."""
