"""Turns a résumé's fields into a tagged PDF; knows nothing of Flask, the database or who may ask.

`content` reads a mapping into a `Sheet` of cleaned text and `look` into a design, a colour and a paper; `digest` identifies what the two
print, `render` lays it out.
`digest` is light enough for the request layer; `render` loads WeasyPrint and belongs in the pdf worker, whose child processes call
`limits.limit_process` first. The person's text reaches the page as text only: it is escaped, it cannot name a file or an address to
load, and whatever is not covered by the bundled fonts shows as an empty box.
"""
