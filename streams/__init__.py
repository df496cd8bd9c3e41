"""The event streams: an asynchronous process of its own that holds open connections, so that the API's workers need not.

It reads the log of events that `app.events` writes, and imports nothing of the application: two thousand open streams fit into the memory
that the application alone would take.
"""
