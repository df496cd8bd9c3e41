"""Breaking the whole running system under load, after Jepsen: clients that note every operation, a nemesis, a checker over PostgreSQL.

`bin/faults` runs it; docs/faults.md tells what each scenario must show.
"""
