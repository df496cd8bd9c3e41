"""Search and lists of jobs: one text pipeline and one query language, shared by every engine; the index, and what is asked of it.

`folding` maps characters, `terms` and `text` make tokens, `synonyms` knows which expressions mean the same, `query` reads what a person typed, and
`tsquery` writes it for PostgreSQL. These modules are pure: they touch neither Flask nor a database. Both engines index and query with them, so the
same words find the same jobs whichever engine answers.

`engine` is what an engine must do, and `postgres` does it on the table in `models`. `documents` makes the searchable copy of a job; `indexing` leaves
word of a change, `service` carries it out on the search queue. `finding` searches with second thoughts, `listing` reads the rows of jobs themselves,
`recommendations` asks on a candidate's behalf, and `pages` turns ids into jobs that the reader may see.
"""
