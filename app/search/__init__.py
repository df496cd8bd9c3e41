"""Search: one text pipeline and one query language, shared by every engine.

`folding` maps characters, `terms` and `text` make tokens, `synonyms` knows which expressions mean the same, `query` reads what a person typed, and
`tsquery` writes it for PostgreSQL. These modules are pure: they touch neither Flask nor a database. Both engines index and query with them, so the
same words find the same jobs whichever engine answers.
"""
