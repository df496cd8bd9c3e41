"""Runs what may hang, swell, crash or be attacked (layout engines, parsers of files) in small sealed processes.

A worker's main process starts one `foreman`, a Python of its own that has loaded the engines and knows neither settings nor database;
every child of the worker asks it for a `press`, a fork that shares what is loaded. A press has no network, opens nothing for writing,
starts no program, and is killed when it takes too long (`sealing`, `syscalls`). Work goes to it over a socket pair (`frames`), and the
only thing that comes back is bytes; `client` is the worker's side. A press serves many jobs, since a warm one prints faster.

A module whose jobs a press can do has `JOBS` (name to function, which returns the parts of its result as bytes), `warm_up()` (called
once in the foreman; what it loads is shared), `start()` (called in each press before it is sealed), and `FACTS` for operators.
"""
