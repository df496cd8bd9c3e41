"""The demo board: a seeded, endless stream of believable jobs, companies and people for Viet Nam.

Everything here is invented and is made by rule, so two machines with one seed hold the same board; only dates follow the day of loading.
The wording lives in `data/` as TOML. `catalogue` and `people` are what others call; neither opens a connection.
"""
