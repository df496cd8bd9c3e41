"""The event streams: an asynchronous process of its own that holds open connections, so that the API's workers need not.

It reads the log of events that `app.events` writes, and loads neither Flask nor the features: two thousand open streams fit into little
more than the memory that the application alone would take. `python -m streams --port 8010` starts it; any number may run.
"""
