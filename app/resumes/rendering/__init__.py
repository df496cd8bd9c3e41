"""Turns a résumé's fields into a tagged PDF; knows nothing of Flask, the database or who may ask.

`content` reads a mapping into a `Sheet` of cleaned text and `look` into a design, a colour and a paper; `digest` identifies what the two
print, `render` lays it out.
`digest` is light enough for the request layer; `render` loads WeasyPrint and belongs into a press (`core.press`). What every printed document
shares (fonts, cleaned text, the sealed layout) is `core.printing`.
"""
